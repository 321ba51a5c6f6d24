"""A seeded campus: all seeds of so many buildings, with floors, zones, some rooms, and sensors of
which some have moved.
"""

import random
from pathlib import Path

from benchmarks.seeds import copy_seeds, write

FLOORS, ZONES = 5, 8  # of a building, of a floor


def write_campus(folder: Path, buildings: int, sensors: int, seed: int = 1) -> Path:
    """Write seeds of `buildings` with `sensors` in all; measurements and formats are the project's
    own.
    """
    chance = random.Random(seed)
    copy_seeds(folder, shared=("measurements", "file_formats", "publications"))
    nodes: list[dict[str, object]] = []
    pairs: list[dict[str, object]] = []
    mappings: list[dict[str, object]] = []
    places: dict[str, list[str]] = {}
    ids = [f"b{number:02d}" for number in range(buildings)]

    def place(node_id: str, parent: str, kind: str, name: str, level: int, at: str = "") -> None:
        nodes.append(
            {
                "id": node_id,
                "parent_id": parent,
                "type": kind,
                "name": name,
                "level": level,
                "coordinates": at,
            }
        )

    def adjoin(zone: str, other: str, relation: str) -> None:
        pairs.append(
            {"zone_id": zone, "adjacent_zone_id": other, "relation": relation, "basis": "assumed"}
        )

    for building in ids:
        place(building, "", "Building", building.upper(), 0)
        places[building] = []
        for floor in range(FLOORS):
            place(f"{building}.{floor}", building, "Floor", f"{floor}NP", 1)
            for zone in range(ZONES):
                zone_id, name = f"{building}.{floor}.{zone}", f"{floor}NP-S{zone}"
                place(zone_id, f"{building}.{floor}", "Zone", name, 2, f"{zone};{floor}")
                places[building].append(zone_id)
                if zone:
                    adjoin(f"{building}.{floor}.{zone - 1}", zone_id, "beside")
                if floor:
                    adjoin(f"{building}.{floor - 1}.{zone}", zone_id, "below")
                if chance.random() < 0.3:
                    place(f"{zone_id}.r", zone_id, "Room", f"{name}-R", 3)
                    places[building].append(f"{zone_id}.r")
    named = {node["id"]: node for node in nodes}
    for number in range(sensors):
        building = ids[number % buildings]
        first, second = chance.sample(places[building], 2)
        sensor, moved = f"T{number:05d}", chance.random() < 0.1
        periods = (
            [(first, "", "2026-01-15"), (second, "2026-01-15", "")] if moved else [(first, "", "")]
        )
        for where, start, stop in periods:
            valid = {"valid_from": start, "valid_to": stop}
            level = int(str(named[where]["level"])) + 1
            node_id = f"{building}.{sensor}"
            nodes.append(
                {
                    "id": node_id,
                    "parent_id": where,
                    "type": "Sensor",
                    "name": sensor,
                    "level": level,
                }
                | valid
            )
            mappings.append(
                {
                    "datasource_id": f"{building}_thermo",
                    "raw_name": sensor,
                    "disposition": "mapped",
                    "sensor_id": sensor,
                    "location": named[where]["name"],
                    "scale": 1,
                    "offset": 0,
                }
                | valid
            )
    write(folder, "building_hierarchy", nodes)
    write(folder, "zone_adjacency", pairs)
    write(folder, "building_relations", _relations(ids))
    write(folder, "sensor_mappings", mappings)
    write(
        folder,
        "buildings_config",
        (
            {
                "building_id": name,
                "name": name.upper(),
                "timezone": "Europe/Prague",
                "retention_months": 2,
                "licence": "CC-BY-4.0",
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
                "datasource_id": f"{name}_thermo",
                "building_id": name,
                "name": "Sensors",
                "source_type": "csv",
                "format": "thermopro_csv",
                "location": f"sm2drive:{name}",
                "file_pattern": r"regex:T(?P<device>\d+)\.csv",
                "required_columns": "Date;Time;Temperature_Celsius;Relative_Humidity(%)",
                "on_new_column": "warn",
                "timezone": "Europe/Prague",
                "max_null_pct": 10,
                "rejected_warn_pct": 5,
                "rejected_refuse_pct": 25,
                "row_count_min": 1,
                "row_count_max": 9,
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
                "datasource_id": f"{name}_thermo",
                "timestamp_column": "Date+Time",
                "location_column": "{device}",
                "value_column": column,
                "measurement": measurement,
                "source_name": "ThermoPro",
                "value_min": -10,
                "value_max": 100,
            }
            for name in ids
            for column, measurement in (
                ("Temperature_Celsius", "temp_indoor"),
                ("Relative_Humidity(%)", "humidity_indoor"),
            )
        ),
    )
    return folder


def _relations(buildings: list[str]) -> list[dict[str, object]]:
    """The first zone of a building feeds the first of each floor, which feeds its neighbour; the
    last one's plant depends on that.
    """
    relations: list[dict[str, object]] = []

    def relate(one: str, relation: str, other: str) -> None:
        relations.append({"from_id": one, "to_id": other, "relation": relation, "basis": "assumed"})

    for building in buildings:
        for floor in range(1, FLOORS):
            first, second = f"{building}.{floor}.0", f"{building}.{floor}.1"
            relate(f"{building}.0.0", "FEEDS", first)
            relate(first, "FEEDS", second)
        relate(f"{building}.0.{ZONES - 1}", "DEPENDS_ON", second)
    return relations
