"""A seeded campus: all seeds of so many buildings, with floors, zones, some rooms, and sensors of
which some have moved.
"""

import csv
import random
import shutil
from collections.abc import Iterable
from pathlib import Path

from include.core.settings import PROJECT_DIR

SEEDS = PROJECT_DIR / "include/dbt/seeds"
FLOORS, ZONES = 5, 8  # of a building, of a floor


def write_campus(folder: Path, buildings: int, sensors: int, seed: int = 1) -> Path:
    """Write seeds of `buildings` with `sensors` in all; measurements and formats are the project's
    own.
    """
    chance = random.Random(seed)
    folder.mkdir(parents=True)
    for name in ("measurements.csv", "file_formats.csv"):
        shutil.copy(SEEDS / name, folder)
    nodes: list[list[object]] = []
    pairs: list[list[object]] = []
    mappings: list[list[object]] = []
    places: dict[str, list[str]] = {}
    ids = [f"b{number:02d}" for number in range(buildings)]
    for building in ids:
        nodes.append([building, "", "Building", building.upper(), 0, "", "", ""])
        places[building] = []
        for floor in range(FLOORS):
            nodes.append([f"{building}.{floor}", building, "Floor", f"{floor}NP", 1, "", "", ""])
            for zone in range(ZONES):
                zone_id = f"{building}.{floor}.{zone}"
                nodes.append(
                    [
                        zone_id,
                        f"{building}.{floor}",
                        "Zone",
                        f"{floor}NP-S{zone}",
                        2,
                        f"{zone};{floor}",
                        "",
                        "",
                    ]
                )
                places[building].append(zone_id)
                if zone:
                    pairs.append([f"{building}.{floor}.{zone - 1}", zone_id, "beside", "assumed"])
                if floor:
                    pairs.append([f"{building}.{floor - 1}.{zone}", zone_id, "below", "assumed"])
                if chance.random() < 0.3:
                    nodes.append(
                        [f"{zone_id}.r", zone_id, "Room", f"{floor}NP-S{zone}-R", 3, "", "", ""]
                    )
                    places[building].append(f"{zone_id}.r")
    names = {node[0]: (node[3], node[4]) for node in nodes}
    for number in range(sensors):
        building = ids[number % buildings]
        first, second = chance.sample(places[building], 2)
        sensor, moved = f"T{number:05d}", chance.random() < 0.1
        periods = (
            [(first, "", "2026-01-15"), (second, "2026-01-15", "")] if moved else [(first, "", "")]
        )
        for place, start, stop in periods:
            name, level = names[place]
            nodes.append(
                [
                    f"{building}.{sensor}",
                    place,
                    "Sensor",
                    sensor,
                    int(str(level)) + 1,
                    "",
                    start,
                    stop,
                ]
            )
            mappings.append(
                [
                    *(f"{building}_thermo", sensor, "mapped", "", sensor, name, "", 1, 0),
                    *(start, stop, ""),
                ]
            )
    _write(folder, "building_hierarchy", nodes)
    _write(folder, "zone_adjacency", pairs)
    _write(folder, "building_relations", _relations(ids))
    _write(folder, "sensor_mappings", mappings)
    _write(folder, "location_map", [])
    for seed in ("withdrawals", "file_checks", "hand_over_files"):
        _write(folder, seed, [])
    _write(
        folder,
        "buildings_config",
        ([i, i.upper(), "Europe/Prague", "", "", 2, "CC-BY-4.0", "publish", "active"] for i in ids),
    )
    columns = r"Date;Time;Temperature_Celsius;Relative_Humidity(%)"
    pattern = r"regex:T(?P<device>\d+)\.csv"
    _write(
        folder,
        "datasources_config",
        (
            [
                f"{i}_thermo",
                i,
                "Sensors",
                "csv",
                "thermopro_csv",
                f"sm2drive:{i}",
                pattern,
                columns,
                "",
                "warn",
                "",
                "Europe/Prague",
                "",
                "",
                10,
                5,
                25,
                1,
                9,
                "",
                "false",
                "active",
            ]
            for i in ids
        ),
    )
    _write(
        folder,
        "datasource_mappings",
        (
            [
                *(f"{i}_thermo", "Date+Time", "{device}", "", column, measurement),
                *("ThermoPro", -10, 100, ""),
            ]
            for i in ids
            for column, measurement in (
                ("Temperature_Celsius", "temp_indoor"),
                ("Relative_Humidity(%)", "humidity_indoor"),
            )
        ),
    )
    return folder


def _relations(buildings: list[str]) -> list[list[object]]:
    """The first zone of a building feeds the first of each floor, which feeds its neighbour; the
    last one's plant depends on that.
    """
    relations: list[list[object]] = []
    for building in buildings:
        for floor in range(1, FLOORS):
            first, second = f"{building}.{floor}.0", f"{building}.{floor}.1"
            relations.append([f"{building}.0.0", first, "FEEDS", "assumed"])
            relations.append([first, second, "FEEDS", "assumed"])
        relations.append([f"{building}.0.{ZONES - 1}", second, "DEPENDS_ON", "assumed"])
    return relations


def _write(folder: Path, seed: str, rows: Iterable[list[object]]) -> None:
    """Rows under the header that the project's own seed has."""
    with (
        (SEEDS / f"{seed}.csv").open(newline="") as own,
        (folder / f"{seed}.csv").open("w", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(next(csv.reader(own)))
        writer.writerows(rows)
