"""The building's structure as the seeds describe it, checked: every node in its place, no two
places at one time.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from include.core.errors import ConfigurationError
from include.registry.registry import Registry
from include.registry.rows import BuildingRelation, HierarchyNode, SensorMapping, ZoneAdjacency
from include.registry.seeds import Problems, Roots, read_rows_of_buildings, refuse

PARENTS = {
    "Building": (),
    "Floor": ("Building",),
    "Zone": ("Floor",),
    "Apartment": ("Floor",),
    "Room": ("Zone", "Apartment"),
    "Sensor": ("Zone", "Apartment", "Room"),
}
_NUMBER = r"-?\d+(\.\d+)?"
COORDINATES = re.compile(rf"{_NUMBER} {_NUMBER}|{_NUMBER}(;{_NUMBER}){{1,2}}")
NODES, PAIRS = "building_hierarchy.csv", "zone_adjacency.csv"
RELATIONS = "building_relations.csv"


@dataclass(frozen=True)
class Hierarchy:
    """Rows of the three seeds.

    Buildings in `wrong` are left out: their last structure stays published.
    """

    nodes: list[HierarchyNode] = field(default_factory=list)
    adjacency: list[ZoneAdjacency] = field(default_factory=list)
    relations: list[BuildingRelation] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)  # sensor node → make
    measured: set[tuple[str, str]] = field(default_factory=set)  # (sensor node, measurement)
    units: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, ConfigurationError] = field(default_factory=dict)


def load_hierarchy(registry: Registry) -> Hierarchy:
    """Read and check the structure of each published building.

    Raises ConfigurationError with file, line, column and cure if a wrong row belongs to no
    building.
    """
    registry = registry.of_all
    roots, problems = (
        registry.roots,
        Problems([*(row.building_id for row in registry.buildings), *registry.examples]),
    )
    nodes = read_rows_of_buildings(registry.folder / NODES, HierarchyNode, roots, problems)
    pairs = read_rows_of_buildings(registry.folder / PAIRS, ZoneAdjacency, roots, problems)
    relations = read_rows_of_buildings(
        registry.folder / RELATIONS, BuildingRelation, roots, problems
    )
    nodes = tuple(node for node in nodes if node.id not in registry.erased)
    pairs = tuple(row for row in pairs if not registry.erased & {row.zone_id, row.adjacent_zone_id})
    relations = tuple(row for row in relations if not registry.erased & {row.from_id, row.to_id})
    types = {node.id: node.type for node in reversed(nodes)}
    own_nodes: dict[str, list[HierarchyNode]] = defaultdict(list)
    own_pairs: dict[str, list[ZoneAdjacency]] = defaultdict(list)
    own_relations: dict[str, list[BuildingRelation]] = defaultdict(list)
    for node in nodes:
        root = roots.of(node)
        with problems.of(root):
            _check_parent(node, types, problems.buildings)
        own_nodes[min(root)].append(node)
    for pair in pairs:
        own_pairs[min(roots.of(pair))].append(pair)
    for relation in relations:
        own_relations[min(roots.of(relation))].append(relation)
    mappings = _mapped_sensors(registry)
    found = Hierarchy(units={row.measurement: row.unit for row in registry.measurements})
    for building in registry.published_buildings:
        building_id = building.building_id
        if building_id in registry.wrong:
            problems.by_building.setdefault(building_id, []).extend(registry.wrong[building_id])
        if building_id in problems.by_building:
            continue
        with problems.of([building_id]):
            periods = _check_nodes(own_nodes[building_id])
            _check_pairs(own_pairs[building_id], periods, roots)
            _check_relations(own_relations[building_id], periods, roots)
            sources, measured = _check_sensors(
                registry, building_id, mappings[building_id], periods
            )
            awaited = _awaited(registry, mappings[building_id])
            found.nodes.extend(
                node
                for node in own_nodes[building_id]
                if node.type != "Sensor" or node.name not in awaited
            )
            found.adjacency.extend(own_pairs[building_id])
            found.relations.extend(own_relations[building_id])
            found.sources.update(sources)
            found.measured.update(measured)
    found.wrong.update(
        {
            building_id: errors[0]
            for building_id, errors in sorted(problems.by_building.items())
            if building_id not in registry.examples
        }
    )
    return found


def wrong_rows(registry: Registry) -> list[str]:
    """What is wrong in the seeds and stops one building only, each with what it means for this
    run.
    """
    wrong = [
        f"{building_id} is not read in this run: {registry.redacted(building_id, error)}"
        for building_id, errors in registry.wrong.items()
        for error in errors
    ]
    try:
        structures = load_hierarchy(registry).wrong
    except ConfigurationError as error:
        return [*wrong, f"the hierarchy was not updated: {error}"]
    return wrong + [
        f"the hierarchy of {building_id} was not updated: {registry.redacted(building_id, error)}"
        for building_id, error in structures.items()
        if building_id not in registry.wrong and registry.has(building_id)
    ]


def _check_parent(
    node: HierarchyNode, types: Mapping[str, str], buildings: Collection[str]
) -> None:
    """Every node hangs, through others of the right types, below the node of a building; so there
    is no cycle.
    """
    allowed = PARENTS[node.type]
    if not allowed:
        if node.parent_id:
            refuse(NODES, node, "parent_id", "a Building has no parent", "leave the cell empty")
        if node.id not in buildings:
            refuse(
                NODES,
                node,
                "id",
                f"no building {node.id!r} in buildings_config.csv",
                "use the building's id for its node",
            )
        return
    if node.parent_id not in types:
        refuse(
            NODES,
            node,
            "parent_id",
            f"there is no node {node.parent_id!r}",
            f"name a {' or '.join(allowed)}, or add its row",
        )
    if types[node.parent_id] not in allowed:
        what = f"a {node.type} cannot lie in the {types[node.parent_id]} {node.parent_id!r}"
        refuse(NODES, node, "parent_id", what, f"its parent is a {' or '.join(allowed)}")


def _check_nodes(nodes: list[HierarchyNode]) -> dict[str, list[HierarchyNode]]:
    """The rows of each node of one building."""
    periods: dict[str, list[HierarchyNode]] = defaultdict(list)
    for node in nodes:
        periods[node.id].append(node)
    for node in nodes:
        _check_place(node, periods)
    for same in periods.values():
        _check_periods(same)
    return periods


def _mapped_sensors(registry: Registry) -> dict[str, list[SensorMapping]]:
    """The rows of sensors by building; those of datasources that were removed have no place any
    more.
    """
    building_of = {
        row.datasource_id: row.building_id
        for row in registry.datasources
        if row.status != "removed"
    }
    found: dict[str, list[SensorMapping]] = defaultdict(list)
    for mapping in registry.sensor_mappings:
        if mapping.disposition == "mapped" and mapping.datasource_id in building_of:
            found[building_of[mapping.datasource_id]].append(mapping)
    return found


def _check_place(node: HierarchyNode, periods: dict[str, list[HierarchyNode]]) -> None:
    if node.parent_id and node.parent_id not in periods:
        refuse(
            NODES,
            node,
            "parent_id",
            f"{node.parent_id!r} is in another building",
            "name a node of this one",
        )
    level = periods[node.parent_id][0].level + 1 if node.parent_id else 0
    if node.level != level:
        refuse(
            NODES,
            node,
            "level",
            f"the level is {node.level}, and its place makes it {level}",
            f"write {level}",
        )
    if any(other.type != node.type for other in periods[node.id]):
        refuse(
            NODES,
            node,
            "type",
            f"{node.id!r} is a {periods[node.id][0].type} in line {periods[node.id][0].line}",
            "a node keeps its type",
        )
    if node.type != "Sensor" and len(periods[node.id]) > 1:
        refuse(
            NODES,
            periods[node.id][1],
            "id",
            f"{node.id!r} is already in line {periods[node.id][0].line}",
            "only sensors move; remove one of the rows",
        )
    if node.coordinates and not COORDINATES.fullmatch(node.coordinates):
        refuse(
            NODES,
            node,
            "coordinates",
            f"{node.coordinates!r} are not coordinates",
            "write latitude and longitude with a space between, x;y or x;y;z, or leave it empty"
            " where it is not known",
        )


def _check_periods(rows: list[HierarchyNode]) -> None:
    """One node is in one place at a time."""
    for row in rows:
        if row.valid_from and row.valid_to and row.valid_from >= row.valid_to:
            refuse(NODES, row, "valid_to", "the period ends before it begins", "swap the dates")
    rows = sorted(rows, key=lambda row: row.valid_from or date.min)
    for earlier, later in pairwise(rows):
        if (later.valid_from or date.min) < (earlier.valid_to or date.max):
            what = f"{later.id!r} is in {earlier.parent_id!r} at the same time, line {earlier.line}"
            refuse(
                NODES,
                later,
                "valid_from",
                what,
                "close the earlier row with valid_to, or remove one",
            )


def _check_pairs(
    pairs: list[ZoneAdjacency], periods: dict[str, list[HierarchyNode]], roots: Roots
) -> None:
    seen: dict[frozenset[str], ZoneAdjacency] = {}
    for pair in pairs:
        if pair.adjacent_zone_id not in periods and pair.adjacent_zone_id in roots.parents:
            refuse(
                PAIRS, pair, "adjacent_zone_id", "the zones are in two buildings", "remove the row"
            )
        for column, zone_id in (
            ("zone_id", pair.zone_id),
            ("adjacent_zone_id", pair.adjacent_zone_id),
        ):
            if zone_id not in periods or periods[zone_id][0].type != "Zone":
                refuse(
                    PAIRS, pair, column, f"there is no Zone {zone_id!r}", f"name a Zone of {NODES}"
                )
        if pair.zone_id == pair.adjacent_zone_id:
            refuse(
                PAIRS,
                pair,
                "adjacent_zone_id",
                f"{pair.zone_id!r} touches itself",
                "name the other zone, or remove the row",
            )
        both = frozenset((pair.zone_id, pair.adjacent_zone_id))
        if both in seen:
            refuse(
                PAIRS,
                pair,
                "zone_id",
                f"the pair is already in line {seen[both].line}",
                "remove one of them; a pair holds both ways",
            )
        seen[both] = pair


def _check_relations(
    relations: list[BuildingRelation], periods: dict[str, list[HierarchyNode]], roots: Roots
) -> None:
    seen: dict[tuple[str, str, str], BuildingRelation] = {}
    for row in relations:
        for column, node_id in (("from_id", row.from_id), ("to_id", row.to_id)):
            if node_id not in periods:
                what = f"there is no node {node_id!r}"
                if node_id in roots.parents:
                    what = f"{node_id!r} is in another building than {row.from_id!r}"
                refuse(RELATIONS, row, column, what, f"name a node of {NODES} in one building")
        if row.from_id == row.to_id:
            what = f"{row.from_id!r} is related to itself"
            refuse(RELATIONS, row, "to_id", what, "name the other node, or remove the row")
        key = (row.from_id, row.to_id, row.relation)
        if key in seen:
            what = f"the relation is already in line {seen[key].line}"
            refuse(RELATIONS, row, "from_id", what, "remove one of them")
        seen[key] = row


def _check_sensors(
    registry: Registry,
    building_id: str,
    mappings: list[SensorMapping],
    periods: dict[str, list[HierarchyNode]],
) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """Each mapped sensor hangs where its mapping says it is, and no other does.

    A building without nodes has no structure; a datasource none of whose sensors has a node, as
    one of forecasts, is not in it.
    """
    if not periods:
        return {}, set()
    nodes = {rows[0].name: rows for rows in periods.values() if rows[0].type == "Sensor"}
    placed = {row.datasource_id for row in mappings if row.sensor_id in nodes}
    mappings = [row for row in mappings if row.datasource_id in placed]
    declared = {
        name: registry.mappings_of(registry.datasource(name))
        for name in {row.datasource_id for row in mappings}
    }
    sources: dict[str, str] = {}
    measured: set[tuple[str, str]] = set()
    planned = {row.datasource_id for row in registry.planned_datasources}
    for mapping in mappings:
        if mapping.sensor_id not in nodes:
            what = f"the mapped sensor {mapping.sensor_id!r} is not in {NODES}"
            refuse(
                "sensor_mappings.csv",
                mapping,
                "sensor_id",
                what,
                "add a Sensor of this name below its zone",
            )
        rows = nodes[mapping.sensor_id]
        place = registry.public_location(building_id, mapping.location)
        if not any(periods[row.parent_id][0].name == place for row in rows):
            what = (
                f"{mapping.sensor_id!r} is at {place!r}, line {mapping.line} of sensor_mappings.csv"
                " says"
            )
            refuse(NODES, rows[0], "parent_id", what, "hang it there, or correct the mapping")
        if mapping.datasource_id in planned:
            continue
        sources[rows[0].id] = declared[mapping.datasource_id][0].source_name
        measured |= {
            (rows[0].id, name)
            for name in _measurements(
                mapping, [row.measurement for row in declared[mapping.datasource_id]]
            )
        }
    for name in sorted(nodes.keys() - {mapping.sensor_id for mapping in mappings}):
        refuse(
            NODES,
            nodes[name][0],
            "name",
            f"no mapped sensor is called {name!r}",
            "map it in sensor_mappings.csv, or remove the row",
        )
    return sources, measured


def _awaited(registry: Registry, mappings: list[SensorMapping]) -> set[str]:
    """The sensors that only planned datasources have: they have a place, and are not there yet."""
    planned = {row.datasource_id for row in registry.planned_datasources}
    there = {row.sensor_id for row in mappings if row.datasource_id not in planned}
    return {row.sensor_id for row in mappings} - there


def _measurements(mapping: SensorMapping, declared: list[str]) -> list[str]:
    return [mapping.measurement] if mapping.measurement else [name for name in declared if name]
