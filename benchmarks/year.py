"""Rooms and meters as they could be: temperature and energy of homes by the hour, from a seed."""

import numpy as np
import pyarrow as pa

FIRST = 19_723 * 24  # 2024-01-01, in hours since 1970


def year(series: int, days: int = 365, seed: int = 1) -> tuple[pa.Table, pa.Table]:
    """Temperature of rooms: `known` (series, hour, value), and `outside` (name, hour, value).

    Outside is a year with days and drifting weather. Inside follows it through the wall, and is
    heated in the evening, at night and at weekends; people are not quite regular.
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
        change = inertia[:, 0] * (wanted[:, 0] - inside) + 0.01 * (outside[hour] - inside)
        inside = inside + change + heated[:, hour] + noise[:, hour]
        rooms[:, hour] = inside
    rooms += generator.normal(0, 0.05, rooms.shape)
    known = {
        "series": np.repeat(np.arange(series), hours),
        "hour": np.tile(time + FIRST, series),
        "value": rooms.ravel(),
    }
    around = {"name": ["temp_ambient"] * hours, "hour": time + FIRST, "value": outside}
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
        "hour": np.tile(time + FIRST, series),
        "value": used.ravel(),
    }
    return pa.table(known), around
