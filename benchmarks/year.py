"""Rooms and meters as they could be, from a seed: temperature and energy of homes by the hour, and
presence by the quarter of an hour.
"""

import numpy as np
import pyarrow as pa

FIRST = 19_723 * 24  # 2024-01-01, in hours since 1970


def year(series: int, days: int = 365, seed: int = 1) -> tuple[pa.Table, pa.Table]:
    """Temperature of rooms: `known` (series, slot, value), and `outside` (name, slot, value).

    Outside is a year with days and drifting weather. Inside follows it through the wall, and is
    heated in the evening, at night and at weekends; people are not quite regular. Rooms are in a
    row (`beside`), and warm each other.
    """
    generator = np.random.default_rng(seed)
    hours = days * 24
    time = np.arange(hours)
    drift = 0.3 * np.cumsum(generator.normal(0, 0.25, hours))
    season = -10 * np.cos(2 * np.pi * (time / 24 + 10) / 365)
    outside = 10 + season + 5 * np.sin(2 * np.pi * (time - 9) / 24) + drift
    at_home = (time % 24 >= 17) | (time % 24 < 8) | (time // 24 % 7 >= 5)
    wanted = 20 + generator.normal(0, 1, (series, 1))
    inertia = generator.uniform(0.02, 0.1, (series, 1))
    heated = 0.15 * (at_home & (generator.random((series, hours)) < 0.9))
    noise = generator.normal(0, 0.08, (series, hours))
    rooms = np.empty((series, hours))
    inside = wanted[:, 0]
    for hour in range(hours):  # each hour follows from the one before
        near = (np.roll(inside, 1) + np.roll(inside, -1)) / 2
        change = inertia[:, 0] * (wanted[:, 0] - inside) + 0.01 * (outside[hour] - inside)
        change += 0.05 * (near - inside)
        inside = inside + change + heated[:, hour] + noise[:, hour]
        rooms[:, hour] = inside
    rooms += generator.normal(0, 0.05, rooms.shape)
    known = {
        "series": np.repeat(np.arange(series), hours),
        "slot": np.tile(time + FIRST, series),
        "value": rooms.ravel(),
    }
    around = {"name": ["temp_ambient"] * hours, "slot": time + FIRST, "value": outside}
    return pa.table(known), pa.table(around)


def energy(series: int, days: int = 365, seed: int = 2) -> tuple[pa.Table, pa.Table]:
    """Energy that homes use in an hour, in the same shape: cooking, evenings, weekends, heating on
    cold days.
    """
    generator = np.random.default_rng(seed)
    _, around = year(1, days, seed)
    outside = around["value"].to_numpy()
    time = np.arange(len(outside))
    hour, weekend = time % 24, time // 24 % 7 >= 5
    cooking = np.exp(-((hour - 18.5) ** 2) / 4) + 0.5 * np.exp(-((hour - 7) ** 2) / 2)
    habits = generator.uniform(0.5, 1.5, (series, 1))
    heating = 0.03 * np.clip(15 - outside, 0, None)
    usual = 0.15 + habits * (cooking * (1 + 0.4 * weekend) + heating)
    used = usual * generator.lognormal(0, 0.25, usual.shape)
    known = {
        "series": np.repeat(np.arange(series), len(time)),
        "slot": np.tile(time + FIRST, series),
        "value": used.ravel(),
    }
    return pa.table(known), around


def beside(series: int) -> pa.Table:
    """`neighbours` (series, other): each room and those before and after it."""
    rooms = np.arange(series)
    others = np.concatenate([(rooms - 1) % series, (rooms + 1) % series])
    return pa.table({"series": np.tile(rooms, 2), "other": others})


def weather(around: pa.Table, seed: int = 3) -> pa.Table:
    """`foreseen` (name, known_from, slot, value): what was forecast of the weather, two days ahead,
    once a day; the further ahead, the less it is right.
    """
    generator = np.random.default_rng(seed)
    outside = around["value"].to_numpy()
    issues = np.repeat(np.arange(23, len(outside), 24), 48)
    ahead = np.tile(np.arange(1, 49), len(issues) // 48)
    within = issues + ahead < len(outside)
    issues, ahead = issues[within], ahead[within]
    value = outside[issues + ahead] + generator.normal(0, 0.2 + 0.03 * ahead)
    return pa.table(
        {
            "name": ["temp_forecast"] * len(value),
            "known_from": issues + FIRST,
            "slot": issues + ahead + FIRST,
            "value": value,
        }
    )


def presence(rooms: int, days: int = 70, seed: int = 4) -> pa.Table:
    """Whether somebody is in a room, by quarters of an hour, as `known` (series, slot, value).

    People come and go by chance, more often at the hours of their room and at weekends.
    """
    generator = np.random.default_rng(seed)
    quarters = days * 96
    time = np.arange(quarters)
    hour, weekend = time % 96 / 4, time // 96 % 7 >= 5
    morning = generator.uniform(6, 9, (rooms, 1))
    evening = generator.uniform(16, 20, (rooms, 1))
    at_home = np.exp(-((hour - morning) ** 2) / 2) + np.exp(-((hour - evening) ** 2) / 6)
    liked = np.clip(at_home * (1 + 0.3 * weekend), 0.02, 0.95)
    stays = generator.uniform(0.5, 0.8, rooms)
    there = np.zeros((rooms, quarters))
    now = np.zeros(rooms)
    for quarter in range(quarters):  # each follows from the one before
        chance = stays * now + (1 - stays) * liked[:, quarter]
        now = (generator.random(rooms) < chance).astype(float)
        there[:, quarter] = now
    known = {
        "series": np.repeat(np.arange(rooms), quarters),
        "slot": np.tile(time + FIRST * 4, rooms),
        "value": there.ravel(),
    }
    return pa.table(known)
