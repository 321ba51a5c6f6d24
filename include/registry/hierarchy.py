"""The building's structure as the seeds tell it, checked: every node in its place, no two places at one time."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from include.registry.registry import Registry, read_rows, refuse
from include.registry.rows import HierarchyNode, SensorMapping, ZoneAdjacency

PARENTS = {"Building": (), "Floor": ("Building",), "Zone": ("Floor",), "Room": ("Zone",), "Sensor": ("Zone", "Room")}
COORDINATES = re.compile(r"-?\d+(\.\d+)?(;-?\d+(\.\d+)?){1,2}")
NODES, PAIRS = "building_hierarchy.csv", "zone_adjacency.csv"


@dataclass(frozen=True)
class Hierarchy:
    """Rows of both seeds; parents before children."""

    nodes: tuple[HierarchyNode, ...]
    adjacency: tuple[ZoneAdjacency, ...]
    sources: dict[str, str]  # sensor node → make
    measured: tuple[tuple[str, str], ...]  # (sensor node, measurement)
    units: dict[str, str]


def load_hierarchy(registry: Registry) -> Hierarchy:
    """Read and check the structure of all buildings. Raises ConfigurationError with file, line, column and cure."""
    nodes = tuple(read_rows(registry.folder / NODES, HierarchyNode))
    pairs = tuple(read_rows(registry.folder / PAIRS, ZoneAdjacency))
    periods: dict[str, list[HierarchyNode]] = defaultdict(list)
    for node in nodes:
        periods[node.id].append(node)
    building_of: dict[str, str] = {}
    for node in sorted(nodes, key=lambda node: list(PARENTS).index(node.type)):  # parents first, so that a cycle has no first
        _check_place(node, periods, building_of)
    for same in periods.values():
        _check_periods(same)
    for building_id in set(building_of.values()) - {building.building_id for building in registry.buildings}:
        refuse(NODES, periods[building_id][0], "id", f"no building {building_id!r} in buildings_config.csv", "use the building's id for its node")
    _check_pairs(pairs, periods, building_of)
    sources, measured = _check_sensors(registry, periods, building_of)
    return Hierarchy(nodes, pairs, sources, measured, {row.measurement: row.unit for row in registry.measurements})


def _check_place(node: HierarchyNode, periods: dict[str, list[HierarchyNode]], building_of: dict[str, str]) -> None:
    allowed = PARENTS[node.type]
    if not allowed:
        if node.parent_id:
            refuse(NODES, node, "parent_id", "a Building has no parent", "leave the cell empty")
        building_of[node.id] = node.id
        level = 0
    else:
        parents = periods.get(node.parent_id)
        if not parents:
            refuse(NODES, node, "parent_id", f"there is no node {node.parent_id!r}", f"name a {' or '.join(allowed)}, or add its row")
        if parents[0].type not in allowed:
            what = f"a {node.type} cannot lie in the {parents[0].type} {node.parent_id!r}"
            refuse(NODES, node, "parent_id", what, f"its parent is a {' or '.join(allowed)}; so there is no cycle either")
        building = building_of[node.parent_id]
        if building_of.setdefault(node.id, building) != building:
            refuse(NODES, node, "parent_id", f"{node.id!r} is in another building in line {periods[node.id][0].line}", "give it an id of its own there")
        level = parents[0].level + 1
    if node.level != level:
        refuse(NODES, node, "level", f"the level is {node.level}, and its place makes it {level}", f"write {level}")
    if any(other.type != node.type for other in periods[node.id]):
        refuse(NODES, node, "type", f"{node.id!r} is a {periods[node.id][0].type} in line {periods[node.id][0].line}", "a node keeps its type")
    if node.type != "Sensor" and len(periods[node.id]) > 1:
        refuse(NODES, periods[node.id][1], "id", f"{node.id!r} is already in line {periods[node.id][0].line}", "only sensors move; remove one of the rows")
    if node.coordinates and not COORDINATES.fullmatch(node.coordinates):
        refuse(NODES, node, "coordinates", f"{node.coordinates!r} are no coordinates", "write x;y or x;y;z as numbers, or leave it empty where it is not known")


def _check_periods(rows: list[HierarchyNode]) -> None:
    """One node is in one place at a time."""
    for row in rows:
        if row.valid_from and row.valid_to and row.valid_from >= row.valid_to:
            refuse(NODES, row, "valid_to", "the period ends before it begins", "swap the dates")
    rows = sorted(rows, key=lambda row: row.valid_from or date.min)
    for earlier, later in pairwise(rows):
        if (later.valid_from or date.min) < (earlier.valid_to or date.max):
            what = f"{later.id!r} is in {earlier.parent_id!r} at the same time, line {earlier.line}"
            refuse(NODES, later, "valid_from", what, "close the earlier row with valid_to, or remove one")


def _check_pairs(pairs: tuple[ZoneAdjacency, ...], periods: dict[str, list[HierarchyNode]], building_of: dict[str, str]) -> None:
    seen: dict[frozenset[str], ZoneAdjacency] = {}
    for pair in pairs:
        for column, zone_id in (("zone_id", pair.zone_id), ("adjacent_zone_id", pair.adjacent_zone_id)):
            if zone_id not in periods or periods[zone_id][0].type != "Zone":
                refuse(PAIRS, pair, column, f"there is no Zone {zone_id!r}", f"name a Zone of {NODES}")
        if pair.zone_id == pair.adjacent_zone_id:
            refuse(PAIRS, pair, "adjacent_zone_id", f"{pair.zone_id!r} touches itself", "name the other zone, or remove the row")
        if building_of[pair.zone_id] != building_of[pair.adjacent_zone_id]:
            refuse(PAIRS, pair, "adjacent_zone_id", "the zones are in two buildings", "remove the row")
        both = frozenset((pair.zone_id, pair.adjacent_zone_id))
        if both in seen:
            refuse(PAIRS, pair, "zone_id", f"the pair is already in line {seen[both].line}", "remove one of them; a pair holds both ways")
        seen[both] = pair


def _check_sensors(
    registry: Registry, periods: dict[str, list[HierarchyNode]], building_of: dict[str, str]
) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Each mapped sensor hangs where its mapping says it is, and no other does."""
    datasources = {row.datasource_id: row for row in registry.datasources}
    public = {(row.building_id, row.location): row.public_location for row in registry.locations}
    nodes = {(building_of[rows[0].id], rows[0].name): rows for rows in periods.values() if rows[0].type == "Sensor"}
    known: set[tuple[str, str]] = set()
    sources: dict[str, str] = {}
    measured: set[tuple[str, str]] = set()
    for mapping in registry.sensor_mappings:
        building_id = datasources[mapping.datasource_id].building_id
        if mapping.disposition != "mapped" or building_id not in periods:
            continue
        key = (building_id, mapping.sensor_id)
        known.add(key)
        if key not in nodes:
            what = f"the mapped sensor {mapping.sensor_id!r} is not in {NODES}"
            refuse("sensor_mappings.csv", mapping, "sensor_id", what, "add a Sensor of this name below its zone")
        place = public.get((building_id, mapping.location), mapping.location)
        if not any(periods[row.parent_id][0].name == place for row in nodes[key]):
            what = f"{mapping.sensor_id!r} is at {place!r}, line {mapping.line} of sensor_mappings.csv says"
            refuse(NODES, nodes[key][0], "parent_id", what, "hang it there, or correct the mapping")
        sensor = nodes[key][0].id
        declared = registry.mappings_of(datasources[mapping.datasource_id])
        sources[sensor] = declared[0].source_name
        measured |= {(sensor, name) for name in _measurements(mapping, [row.measurement for row in declared])}
    for key, rows in nodes.items():
        if key not in known:
            refuse(NODES, rows[0], "name", f"no mapped sensor is called {rows[0].name!r}", "map it in sensor_mappings.csv, or remove the row")
    return sources, tuple(sorted(measured))


def _measurements(mapping: SensorMapping, declared: list[str]) -> list[str]:
    return [mapping.measurement] if mapping.measurement else [name for name in declared if name]
