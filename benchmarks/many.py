"""Many buildings, the same for the same arguments: seeds, a drive with a file for each, and a run:
python benchmarks/many.py FOLDER --buildings 500.

A building is one datasource: a wide CSV with a column a sensor and a line an hour. Temperatures
follow a daily wave; nothing of it is measured.
"""

import argparse
import csv
import math
import os
import shutil
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from cli import run  # noqa: E402
from include.core.settings import PROJECT_DIR, Settings  # noqa: E402

SEEDS = PROJECT_DIR / "include/dbt/seeds"
SHARED = ("measurements.csv", "publications.csv")
ZONES = ("UTC-10", "America/St_Johns", "UTC", "Europe/Prague", "Asia/Kathmandu", "UTC+14")


def building_ids(count: int) -> list[str]:
    """Ids that sort as they are numbered."""
    return [f"b{number:03d}" for number in range(count)]


def write_seeds(folder: Path, count: int, sensors: int = 20) -> Path:
    """Seeds of `count` buildings with so many sensors each, in zones from UTC-10 to UTC+14, with
    half and quarter hours among them.
    """
    shutil.copytree(SEEDS, folder)
    for path in folder.glob("*.csv"):
        if path.name not in SHARED:
            _write(folder, path.name, ())
    ids = building_ids(count)
    zones = {name: ZONES[n % len(ZONES)] for n, name in enumerate(ids)}
    named = [(name, f"s{n:02d}") for name in ids for n in range(sensors)]
    _write(
        folder, "file_formats.csv", [["wide", "delimited", ";", ".", 1, "%Y-%m-%d", "-", "", ""]]
    )
    _write(
        folder,
        "buildings_config.csv",
        (
            [name, name.upper(), zones[name], "", "", 2, "CC0-1.0", "publish", "", "", "active"]
            for name in ids
        ),
    )
    _write(
        folder,
        "datasources_config.csv",
        (
            [
                *(f"{name}_rooms", name, f"Rooms of {name}", "csv", "wide", f"drive:{name}"),
                *("*.csv", r"time;s\d+", "", "warn", "", zones[name], "", "", 10, 5, 25),
                *(1, 100000, "", "false", "active"),
            ]
            for name in ids
        ),
    )
    _write(
        folder,
        "datasource_mappings.csv",
        (
            [f"{name}_rooms", "time", "", "", r"s\d+", "temp_indoor", "Rooms", -50, 60, ""]
            for name in ids
        ),
    )
    _write(
        folder,
        "sensor_mappings.csv",
        (
            [f"{name}_rooms", sensor, "mapped", "", sensor, sensor, "", 1, 0, "", "", ""]
            for name, sensor in named
        ),
    )
    _write(folder, "building_hierarchy.csv", _nodes(ids, named))
    return folder


def _nodes(ids: list[str], named: list[tuple[str, str]]) -> Iterable[list[object]]:
    for name in ids:
        yield [name, "", "Building", name.upper(), 0, "", "", ""]
        yield [f"{name}.floor", name, "Floor", "Floor", 1, "", "", ""]
    for name, sensor in named:
        yield [f"{name}.{sensor}", f"{name}.floor", "Zone", sensor, 2, "", "", ""]
        yield [f"{name}.{sensor}.s", f"{name}.{sensor}", "Sensor", sensor, 3, "", "", ""]


def write_month(drive: Path, name: str, days: int = 31, sensors: int = 20) -> Path:
    """A month of a building, from 1 January 2026, as one file."""
    start, number = datetime(2026, 1, 1, tzinfo=UTC), int(name[1:])
    lines = ["time;" + ";".join(f"s{n:02d}" for n in range(sensors))]
    for hour in range(days * 24):
        wave = 20 + 3 * math.sin((hour % 24) / 24 * 2 * math.pi)
        shifts = ((number % 50 + n) / 10 + (hour * (n + 7)) % 5 / 10 for n in range(sensors))
        values = (f"{wave + shift:.1f}" for shift in shifts)
        lines.append(f"{start + timedelta(hours=hour):%Y-%m-%d %H:%M};" + ";".join(values))
    path = drive / name / "rooms_2026-01.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def _write(folder: Path, seed: str, rows: Iterable[list[object]]) -> None:
    """Rows under the header that the project's own seed has."""
    header = (SEEDS / seed).read_text(encoding="utf-8").splitlines()[0]
    with (folder / seed).open("w", newline="", encoding="utf-8") as file:
        file.write(header + "\n")
        csv.writer(file, lineterminator="\n").writerows(rows)


def main() -> int:
    """Make the buildings that are not there yet, and run all DAGs. Returns the run's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--buildings", type=int, default=50)
    chosen = parser.parse_args()
    folder: Path = chosen.folder.resolve()
    if not (folder / "seeds").exists():
        write_seeds(folder / "seeds", chosen.buildings)
        for name in building_ids(chosen.buildings):
            write_month(folder / "drive", name)
    Settings.seeds_dir = folder / "seeds"
    os.environ |= {
        "DATA_DIR": str(folder / "data"),
        "RCLONE_CONFIG_DRIVE_TYPE": "alias",
        "RCLONE_CONFIG_DRIVE_REMOTE": str(folder / "drive"),
        "AS_OF": "2026-02-02",
    }
    sys.argv = [sys.argv[0]]
    return run.main()


if __name__ == "__main__":
    sys.exit(main())
