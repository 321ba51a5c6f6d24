"""A building whose sensors are well, and the faults that they can have: for measuring what
monitoring finds.

Rooms follow weather, seasons, heating hours, sun, people who open windows and go on holiday;
cellars hardly move. One reading every ten minutes, in steps of 0.1 °C and 1 %. The same for the
same seed; nothing of it is measured.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.generate import SENSORS, month_days

STEP = timedelta(minutes=10)
PER_HOUR, PER_DAY = 6, 144
ROOMS, CELLARS = SENSORS[:20], SENSORS[20:]
MODELS, HARMED = ROOMS[:3], ROOMS[3:]  # whom others repeat, and who comes to harm
ZONE = ZoneInfo("Europe/Prague")


@dataclass
class Device:
    """What one sensor writes: times as instants, and two values a time (NaN: an empty cell)."""

    name: str
    at: np.ndarray
    temperature: np.ndarray
    humidity: np.ndarray

    def within(self, since: datetime, until: datetime) -> np.ndarray:
        return (self.at >= _instant(since)) & (self.at < _instant(until))


@dataclass(frozen=True)
class Fault:
    """Something that was done to a sensor on purpose; `model` is the sensor that it repeats."""

    check: str
    sensor: str
    since: datetime
    until: datetime
    model: str = ""


def healthy_building(seed: int, first: date, days: int) -> dict[str, Device]:
    """All sensors of the sample building for so many local days."""
    chance = np.random.default_rng(seed)
    start = datetime.combine(first, datetime.min.time(), ZONE).astimezone(UTC)
    count = days * PER_DAY
    at = _instant(start) + np.arange(count) * np.timedelta64(10, "m")
    hour, day = _local_hours(at, first), np.arange(count) / PER_DAY
    weekday = (first.weekday() + day.astype(int)) % 7
    year = np.cos(2 * np.pi * ((first - date(first.year, 1, 1)).days + day - 20) / 365)
    weather = _walk(chance, count, days_to_forget=3) * 4
    outdoor = 10 - 11 * year - 4 * np.cos(2 * np.pi * (hour - 3) / 24) + weather
    clouds = np.clip(0.6 + 0.4 * _walk(chance, count, days_to_forget=1), 0, 1)
    sun = np.clip(np.sin(np.pi * (hour - 7) / 11), 0, None) * (1.2 - 0.6 * year) * clouds
    heating = np.where((hour >= 6) & (hour < 22), 1.0, 0.0)
    heating = _slowly(heating, hours=2) * np.clip((16 - outdoor) / 12, 0, 1)
    people = np.where(weekday < 5, (hour < 8) | (hour >= 16), hour > 8).astype(float)
    devices = {}
    for name in SENSORS:
        cellar = name in CELLARS
        scale = 0.08 if cellar else chance.uniform(0.8, 1.2)
        home = people * (1 - _holidays(chance, count))
        temperature = (
            (14 if cellar else 20.5)
            + chance.normal() * 0.8
            + (1.5 if cellar else 0.8) * -year
            + scale * (1.6 * heating + 1.2 * sun + 0.5 * _slowly(home, hours=1))
            + 0.04 * weather
            + 0.35 * scale * _walk(chance, count, days_to_forget=0.3)
            + chance.normal(scale=0.03 if cellar else 0.06, size=count)
        )
        humidity = (
            45
            - 8 * year
            + 4 * _walk(chance, count, days_to_forget=2)
            + (0.5 if cellar else 3.0) * _slowly(home, hours=1)
            + chance.normal(size=count) * 0.4
        )
        if not cellar:
            for window in np.flatnonzero((chance.random(count) < 0.5 / PER_DAY) & (home > 0)):
                open_for, cold = (
                    chance.integers(1, 5),
                    np.clip(temperature[window] - outdoor[window], 0, 25),
                )
                shape = np.exp(-np.arange(18) / 5.0)
                shape[:open_for] = 1
                end = min(window + 18, count)
                temperature[window:end] -= chance.uniform(0.05, 0.2) * cold * shape[: end - window]
                humidity[window:end] -= chance.uniform(2, 8) * shape[: end - window]
        devices[name] = Device(
            name, at.copy(), np.round(temperature, 1), np.clip(np.round(humidity), 15, 95)
        )
    lost = {name: chance.random(count) > 0.003 for name in SENSORS}  # a radio loses single readings
    return {
        name: Device(name, d.at[keep], d.temperature[keep], d.humidity[keep])
        for name, d in devices.items()
        for keep in [lost[name]]
    }


def _instant(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "s")


def _local_hours(at: np.ndarray, first: date) -> np.ndarray:
    """Hours of the local day; the offset is looked up once a day, which is near enough for the life
    of a house.
    """
    days = (at - at[0]).astype("timedelta64[D]").astype(int)
    offsets = np.array(
        [
            (
                datetime.combine(first + timedelta(days=n), datetime.min.time(), ZONE)
                + timedelta(hours=12)
            )
            .utcoffset()
            .total_seconds()
            / 3600
            for n in range(days[-1] + 2)
        ]
    )
    seconds = at.astype("datetime64[s]").astype(np.int64)
    return (seconds / 3600 + offsets[days]) % 24


def _walk(chance: np.random.Generator, count: int, days_to_forget: float) -> np.ndarray:
    """A slow random course about 0 with deviation 1: hourly noise that is forgotten, drawn
    smooth.
    """
    hours = count // PER_HOUR + 2
    keep = np.exp(-1 / (24 * days_to_forget))
    noise, course = chance.normal(size=hours) * np.sqrt(1 - keep**2), np.empty(hours)
    course[0] = chance.normal()
    for n in range(1, hours):
        course[n] = keep * course[n - 1] + noise[n]
    return np.interp(np.arange(count) / PER_HOUR, np.arange(hours), course)


def _slowly(course: np.ndarray, hours: float) -> np.ndarray:
    """What a room makes of a switch."""
    steps = np.arange(int(hours * PER_HOUR * 5))
    kernel = np.exp(-steps / (hours * PER_HOUR))
    return np.convolve(course, kernel / kernel.sum())[: len(course)]


def _holidays(chance: np.random.Generator, count: int) -> np.ndarray:
    away = np.zeros(count)
    for _ in range(max(1, count // (120 * PER_DAY))):
        start = chance.integers(0, count)
        away[start : start + chance.integers(5, 12) * PER_DAY] = 1
    return away


# --- faults ---


def _frozen(
    device: Device, inside: np.ndarray, chance: np.random.Generator, others: dict[str, Device]
) -> None:
    first = np.flatnonzero(inside)[0]
    device.temperature[inside], device.humidity[inside] = (
        device.temperature[first],
        device.humidity[first],
    )


def _stuck_at_zero(
    device: Device, inside: np.ndarray, chance: np.random.Generator, others: dict[str, Device]
) -> None:
    device.temperature[inside], device.humidity[inside] = 0, 0


def _absent(
    device: Device, inside: np.ndarray, chance: np.random.Generator, others: dict[str, Device]
) -> None:
    device.at, device.temperature, device.humidity = (
        device.at[~inside],
        device.temperature[~inside],
        device.humidity[~inside],
    )


def _halved(
    device: Device, inside: np.ndarray, chance: np.random.Generator, others: dict[str, Device]
) -> None:
    dropped = inside.copy()
    dropped[np.flatnonzero(inside)[::2]] = False
    _absent(device, dropped, chance, others)


def _nulls(
    device: Device, inside: np.ndarray, chance: np.random.Generator, others: dict[str, Device]
) -> None:
    empty = inside & (chance.random(len(inside)) < chance.uniform(0.2, 0.5))
    device.temperature[empty] = np.nan


def _deviation(
    device: Device, inside: np.ndarray, chance: np.random.Generator, others: dict[str, Device]
) -> None:
    device.humidity[inside] = np.where(
        chance.random(inside.sum()) < 0.06, 99, np.round(chance.uniform(0, 3, inside.sum()))
    )


def _noisy(
    device: Device, inside: np.ndarray, chance: np.random.Generator, others: dict[str, Device]
) -> None:
    device.temperature[inside] = np.round(
        device.temperature[inside] + chance.normal(scale=chance.uniform(1.5, 3), size=inside.sum()),
        1,
    )


def _spike(
    device: Device, inside: np.ndarray, chance: np.random.Generator, others: dict[str, Device]
) -> None:
    n = np.flatnonzero(inside)[0]
    around = device.temperature[[n - 1, n + 1]]
    away = chance.uniform(8.1, 15)
    device.temperature[n] = np.round(
        around.max() + away if chance.random() < 0.5 else around.min() - away, 1
    )


def _out_of_bounds(
    device: Device, inside: np.ndarray, chance: np.random.Generator, others: dict[str, Device]
) -> None:
    device.temperature[inside] = 128.0


def _repeating(
    device: Device, inside: np.ndarray, chance: np.random.Generator, others: dict[str, Device]
) -> str:
    other = others[str(chance.choice(MODELS))]
    copied = other.within(*_span(device, inside))
    device.at = np.concatenate([device.at[~inside], other.at[copied]])
    device.temperature = np.concatenate([device.temperature[~inside], other.temperature[copied]])
    device.humidity = np.concatenate([device.humidity[~inside], other.humidity[copied]])
    order = np.argsort(device.at)
    device.at, device.temperature, device.humidity = (
        device.at[order],
        device.temperature[order],
        device.humidity[order],
    )
    return other.name


def _clock_shifted(
    device: Device, inside: np.ndarray, chance: np.random.Generator, others: dict[str, Device]
) -> None:
    hours = PER_HOUR if chance.random() < 0.5 else -PER_HOUR
    for values in (device.temperature, device.humidity):
        values[inside] = np.roll(values, hours)[inside]


def _span(device: Device, inside: np.ndarray) -> tuple[datetime, datetime]:
    within = device.at[inside]
    return tuple(
        datetime.fromtimestamp(int(t.astype(np.int64)), UTC)
        for t in (within[0], within[-1] + np.timedelta64(600, "s"))
    )  # type: ignore[return-value]


Harm = Callable[[Device, np.ndarray, np.random.Generator, dict[str, Device]], str | None]
# check → how it is done, shortest and longest in hours
FAULTS: dict[str, tuple[Harm, float, float]] = {
    "row_count_halved": (_halved, 48, 120),
    "nulls": (_nulls, 48, 96),
    "deviation": (_deviation, 48, 72),
    "noisy": (_noisy, 48, 96),
    "frozen": (_frozen, 6.2, 48),
    "stuck_at_zero": (_stuck_at_zero, 6.2, 48),
    "silent": (_absent, 30, 72),
    "gap": (_absent, 3, 24),
    "spike": (_spike, 0.2, 0.2),
    "out_of_bounds": (_out_of_bounds, 1, 72),
    "repeating": (_repeating, 12, 72),
    "clock_shifted": (_clock_shifted, 168, 336),
}


def harm(
    building: dict[str, Device],
    check: str,
    sensor: str,
    since: datetime,
    chance: np.random.Generator,
) -> Fault:
    """Do one fault to one sensor."""
    how, shortest, longest = FAULTS[check]
    until = since + timedelta(hours=float(chance.uniform(shortest, longest)))
    device = building[sensor]
    model = how(device, device.within(since, until), chance, building)
    return Fault(check, sensor, since, until, model or "")


def write_exports(folder: Path, building: dict[str, Device], first: date, months: int) -> None:
    """One file a sensor and local month, as the building's own exports are."""
    folder.mkdir(parents=True, exist_ok=True)
    for days in month_days(first, months):
        start = datetime.combine(days[0], datetime.min.time(), ZONE)
        stop = datetime.combine(days[-1] + timedelta(days=1), datetime.min.time(), ZONE)
        for device in building.values():
            inside = device.within(start, stop)
            lines = [
                f"{t:%d/%m/%Y,%H:%M},{'' if np.isnan(temperature) else temperature},"
                f"{'' if np.isnan(humidity) else int(humidity)}"
                for t, temperature, humidity in zip(
                    (
                        datetime.fromtimestamp(int(s), ZONE)
                        for s in device.at[inside].astype(np.int64)
                    ),
                    device.temperature[inside],
                    device.humidity[inside],
                    strict=True,
                )
            ]
            head = (
                "Timestamp,ThermoPro"
                f" {device.name}\nDate,Time,Temperature_Celsius,Relative_Humidity(%)\n"
            )
            name = f"ThermoProSensor_export_{device.name}_{int(stop.timestamp())}.csv"
            (folder / name).write_text(head + "\n".join(lines) + "\n")
