"""Many buildings, the same for the same arguments: seeds, a drive with a file for each, and a run:
python benchmarks/many.py FOLDER --buildings 500.

A building is one datasource: a wide CSV with a column a sensor and a line an hour. Temperatures
follow a daily wave; nothing of it is measured.
"""

import argparse
import math
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from benchmarks.seeds import copy_seeds, write  # noqa: E402
from cli import run  # noqa: E402

ZONES = ("UTC-10", "America/St_Johns", "UTC", "Europe/Prague", "Asia/Kathmandu", "UTC+14")


def building_ids(count: int) -> list[str]:
    """Ids that sort as they are numbered."""
    return [f"b{number:03d}" for number in range(count)]


def write_seeds(folder: Path, count: int, sensors: int = 20) -> Path:
    """Seeds of `count` buildings with so many sensors each, in zones from UTC-10 to UTC+14, with
    half and quarter hours among them.
    """
    copy_seeds(folder, shared=("measurements", "publications"))
    ids = building_ids(count)
    zones = {name: ZONES[n % len(ZONES)] for n, name in enumerate(ids)}
    named = [(name, f"s{n:02d}") for name in ids for n in range(sensors)]
    write(
        folder,
        "file_formats",
        [
            {
                "format": "wide",
                "reader": "delimited",
                "delimiter": ";",
                "decimal_mark": ".",
                "header_line": 1,
                "date_formats": "%Y-%m-%d",
                "null_tokens": "-",
            }
        ],
    )
    write(
        folder,
        "buildings_config",
        (
            {
                "building_id": name,
                "name": name.upper(),
                "timezone": zones[name],
                "retention_months": 2,
                "licence": "CC0-1.0",
                "on_refusal": "publish",
                "status": "active",
            }
            for name in ids
        ),
    )
    write(
        folder,
        "datasources_config",
        (
            {
                "datasource_id": f"{name}_rooms",
                "building_id": name,
                "name": f"Rooms of {name}",
                "source_type": "csv",
                "format": "wide",
                "location": f"drive:{name}",
                "file_pattern": "*.csv",
                "required_columns": r"time;s\d+",
                "on_new_column": "warn",
                "timezone": zones[name],
                "max_null_pct": 10,
                "rejected_warn_pct": 5,
                "rejected_refuse_pct": 25,
                "row_count_min": 1,
                "row_count_max": 100000,
                "sensitive": "false",
                "status": "active",
            }
            for name in ids
        ),
    )
    write(
        folder,
        "datasource_mappings",
        (
            {
                "datasource_id": f"{name}_rooms",
                "timestamp_column": "time",
                "value_column": r"s\d+",
                "measurement": "temp_indoor",
                "source_name": "Rooms",
                "value_min": -50,
                "value_max": 60,
            }
            for name in ids
        ),
    )
    write(
        folder,
        "sensor_mappings",
        (
            {
                "datasource_id": f"{name}_rooms",
                "raw_name": sensor,
                "disposition": "mapped",
                "sensor_id": sensor,
                "location": sensor,
                "scale": 1,
                "offset": 0,
            }
            for name, sensor in named
        ),
    )
    write(folder, "building_hierarchy", _nodes(ids, named))
    return folder


def _nodes(ids: list[str], named: list[tuple[str, str]]) -> Iterable[dict[str, object]]:
    def node(node_id: str, parent: str, kind: str, name: str, level: int) -> dict[str, object]:
        return {"id": node_id, "parent_id": parent, "type": kind, "name": name, "level": level}

    for name in ids:
        yield node(name, "", "Building", name.upper(), 0)
        yield node(f"{name}.floor", name, "Floor", "Floor", 1)
    for name, sensor in named:
        yield node(f"{name}.{sensor}", f"{name}.floor", "Zone", sensor, 2)
        yield node(f"{name}.{sensor}.s", f"{name}.{sensor}", "Sensor", sensor, 3)


def write_month(drive: Path, name: str, days: int = 31, sensors: int = 20) -> Path:
    """A month of a building, from 1 January 2026, as one file."""
    return write_days(drive, name, datetime(2026, 1, 1, tzinfo=UTC), days, sensors)


def write_days(drive: Path, name: str, start: datetime, days: int, sensors: int = 20) -> Path:
    """Some days of a building, a line an hour, as one file."""
    number = int(name[1:])
    lines = ["time;" + ";".join(f"s{n:02d}" for n in range(sensors))]
    for hour in range(days * 24):
        wave = 20 + 3 * math.sin((hour % 24) / 24 * 2 * math.pi)
        shifts = ((number % 50 + n) / 10 + (hour * (n + 7)) % 5 / 10 for n in range(sensors))
        values = (f"{wave + shift:.1f}" for shift in shifts)
        lines.append(f"{start + timedelta(hours=hour):%Y-%m-%d %H:%M};" + ";".join(values))
    path = drive / name / f"rooms_{start:%Y-%m}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def main() -> int:
    """Make the buildings that are not there yet, and run all DAGs; or a new day of one building, by
    the parameter `building`. Returns the run's exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--buildings", type=int, default=50)
    parser.add_argument("--new-day", default="", metavar="BUILDING", help="such as b000")
    chosen = parser.parse_args()
    folder: Path = chosen.folder.resolve()
    if not (folder / "seeds").exists():
        write_seeds(folder / "seeds", chosen.buildings)
        for name in building_ids(chosen.buildings):
            write_month(folder / "drive", name)
    as_of, arguments = "2026-02-02", []
    if chosen.new_day:
        write_days(folder / "drive", chosen.new_day, datetime(2026, 2, 1, tzinfo=UTC), 1)
        as_of, arguments = "2026-02-03", ["--building", chosen.new_day]
    os.environ |= {
        "DATA_DIR": str(folder / "data"),
        "SEEDS_DIR": str(folder / "seeds"),
        "RCLONE_CONFIG_DRIVE_TYPE": "alias",
        "RCLONE_CONFIG_DRIVE_REMOTE": str(folder / "drive"),
        "AS_OF": as_of,
    }
    sys.argv = [sys.argv[0], *arguments]
    return run.main()


if __name__ == "__main__":
    sys.exit(main())
