"""Makes minute exports in the real formats, the same for the same arguments: `python
benchmarks/generate.py FOLDER --months 2`.

One ThermoPro file a sensor and month, as the building's own exports are. Temperatures follow a
daily wave and a slow walk, in steps of 0.1 °C and 1 %; nothing of it is measured.
"""

import argparse
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

SENSORS = [
    "493D",
    "CCEA",
    "4427",
    "B020",
    "2AE9",
    "E5E3",
    "D663",
    "23A9",
    "A7A9",
    "DC0C",
    "910A",
    "4B73",
    "9E31",
    "CAF4",
    "990A",
    "B54D",
    "90A9",
    "3CFB",
    "C6CB",
    "072B",
    "050D",
    "F30E",
    "CC2F",
    "1EF1",
    "750E",
    "F3F5",
    "8370",
    "9E4C",
]
MINUTES = 1440


def month_days(first: date, months: int) -> list[list[date]]:
    """The days of each month, beginning with the month of `first`."""
    result = []
    for index in range(first.month - 1, first.month - 1 + months):
        start = date(first.year + index // 12, index % 12 + 1, 1)
        stop = date(first.year + (index + 1) // 12, (index + 1) % 12 + 1, 1)
        result.append([start + timedelta(days=n) for n in range((stop - start).days)])
    return result


def write_export(folder: Path, sensor: str, days: list[date], seed: int) -> None:
    """One file: a title, the header, and a line a minute."""
    exported = datetime.combine(days[-1] + timedelta(days=1), datetime.min.time(), UTC)
    path = folder / f"ThermoProSensor_export_{sensor}_{int(exported.timestamp())}.csv"
    lines = len(days) * MINUTES
    minute = pa.array(range(lines), pa.int64())
    noise = pc.random(lines, initializer=seed)
    day_wave = pc.sin(pc.multiply(pc.cast(minute, pa.float64()), 2 * 3.141592653589793 / MINUTES))
    slow_wave = pc.sin(pc.multiply(pc.cast(minute, pa.float64()), (seed % 7 + 1) / 9000))
    temperature = pc.round(pc.add(pc.add(21.0, pc.add(day_wave, slow_wave)), noise), 1)
    humidity = pc.round(pc.add(pc.add(45.0, pc.multiply(slow_wave, 8.0)), pc.multiply(noise, 2.0)))
    dates = pa.array([f"{day:%d/%m/%Y}" for day in days]).take(
        pa.array([n // MINUTES for n in range(lines)])
    )
    clock = pa.array([f"{n // 60:02d}:{n % 60:02d}" for n in range(MINUTES)] * len(days))
    text = pc.binary_join_element_wise(
        dates,
        clock,
        pc.cast(temperature, pa.string()),
        pc.cast(pc.cast(humidity, pa.int64()), pa.string()),
        ",",
    )
    head = f"Timestamp,ThermoPro {sensor}\nDate,Time,Temperature_Celsius,Relative_Humidity(%)\n"
    path.write_text(head + "\n".join(text.to_pylist()) + "\n")


def generate(folder: Path, first: date, months: int, sensors: list[str]) -> int:
    """All exports of so many months; the number of files."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, days in enumerate(month_days(first, months)):
        for index, sensor in enumerate(sensors):
            write_export(folder, sensor, days, seed=1000 * number + index)
    return months * len(sensors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=date.fromisoformat, default=date(2025, 1, 1))
    parser.add_argument("--months", type=int, default=2)
    parser.add_argument("--sensors", type=int, default=len(SENSORS))
    arguments = parser.parse_args()
    print(
        generate(arguments.folder, arguments.first, arguments.months, SENSORS[: arguments.sensors]),
        "files",
    )


if __name__ == "__main__":
    main()
