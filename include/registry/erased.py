"""Places that were erased: what is remembered of them, and the seed rows that are theirs.

Of an erased place a tombstone is kept, in the catalog of its building: the hash of its node, so
that rows of the seeds that still describe it are left out for good, on every machine.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from include.core import files
from include.core.errors import ConfigurationError
from include.core.paths import DataPaths
from include.registry.registry import Registry
from include.registry.rows import SensorMapping


@dataclass(frozen=True)
class Tombstone:
    """What is remembered of an erased place.

    Attributes:
        place: hash of building and node.
        erased: when it was begun, ISO 8601 in UTC.
        proven: when nothing was left; empty until then.
        last_number: the highest number of a file version of the building at that time: none of
            those that were erased is given to another.
        months: source and month of the readings that it had: they may go from a release.
    """

    place: str
    erased: str
    last_number: int
    months: tuple[tuple[str, str], ...]
    proven: str = ""


def digest_of(building_id: str, node_id: str) -> str:
    """What a tombstone calls a node."""
    return hashlib.sha256(f"{building_id}\n{node_id}".encode()).hexdigest()


def read_tombstones(paths: DataPaths, building_id: str) -> list[Tombstone]:
    """The tombstones of a building, in their order. Raises DamagedFile."""
    path = paths.tombstones(building_id)
    rows: list[dict[str, Any]] = files.read_sealed(path) if path.exists() else []
    return [Tombstone(**row | {"months": tuple(map(tuple, row["months"]))}) for row in rows]


def write_tombstone(paths: DataPaths, building_id: str, tombstone: Tombstone) -> None:
    """Add a tombstone, or replace that of the same place."""
    known = {row.place: row for row in read_tombstones(paths, building_id)}
    rows = known | {tombstone.place: tombstone}
    files.write_sealed(paths.tombstones(building_id), [asdict(row) for row in rows.values()])


@dataclass(frozen=True)
class Place:
    """A node of the hierarchy with all below it, and what the seeds say is measured there.

    Attributes:
        nodes: ids of the nodes.
        locations: where its sensors are, as tables call it.
        sensors: their ids.
        datasources: those that have sensors here and nowhere else.
        shared: why it cannot be separated from the rest of the building; empty if it can.
    """

    building_id: str
    node_id: str
    nodes: frozenset[str]
    locations: frozenset[str]
    sensors: frozenset[str]
    datasources: tuple[str, ...]
    shared: tuple[str, ...] = ()

    @property
    def terms(self) -> frozenset[str]:
        """The words by which data of the place are known."""
        return self.nodes | self.locations | self.sensors | frozenset(self.datasources)

    @property
    def digest(self) -> str:
        """What its tombstone calls it."""
        return digest_of(self.building_id, self.node_id)


def place_of(registry: Registry, node_id: str) -> Place:
    """The place at a node, by the seeds as they are on the disk.

    Raises ConfigurationError if there is none, or it is a whole building.
    """
    roots = registry.roots
    building_id = roots.building_of(node_id)
    if node_id not in roots.parents or not registry.has(building_id) or node_id == building_id:
        raise ConfigurationError(
            f"there is no place {node_id!r} in a building",
            where="parameter place",
            cure=(
                "name the id of a node of building_hierarchy.csv that lies in a building; a whole"
                " building is taken out by its status"
            ),
        )
    nodes = roots.below(node_id)
    names = {roots.names[node] for node in nodes}
    own: dict[str, list[SensorMapping]] = defaultdict(list)
    others: dict[str, list[SensorMapping]] = defaultdict(list)
    of_building = {row.datasource_id for row in registry.datasources_of(building_id)}
    for row in registry.sensor_mappings:
        if row.datasource_id in of_building and row.disposition == "mapped":
            (own if row.sensor_id in names else others)[row.datasource_id].append(row)

    def where(rows: Iterable[SensorMapping]) -> set[str]:
        return {registry.public_location(building_id, row.location) for row in rows}

    here = {name: where(rows) for name, rows in own.items()}
    elsewhere = {name: where(rows) for name, rows in others.items()}
    locations = frozenset[str]().union(*here.values())
    both = sorted((locations | names) & frozenset[str]().union(*elsewhere.values()))
    mixed = own.keys() & others.keys()
    moved = sorted(roots.names[node] for node in nodes & roots.moved)
    return Place(
        building_id,
        node_id,
        nodes,
        locations,
        frozenset(row.sensor_id for rows in own.values() for row in rows),
        tuple(sorted(own.keys() - others.keys())),
        (
            *(f"files of {name} hold other places as well" for name in sorted(mixed)),
            *(f"{name} is also a location of sensors elsewhere" for name in both),
            *(f"the sensor {name} was in another place as well" for name in moved),
        ),
    )


def without_erased(registry: Registry, erased: Collection[tuple[str, str]]) -> Registry:
    """The rows without those of erased places (building, hash), as if they had never been."""
    roots = registry.roots
    buildings = {building_id for building_id, _ in erased if registry.has(building_id)}
    owners = {node: roots.building_of(node) for node in roots.parents}
    places = [
        place_of(registry, node)
        for node, building_id in owners.items()
        if building_id in buildings and (building_id, digest_of(building_id, node)) in erased
    ]
    nodes = frozenset[str]().union(*(place.nodes for place in places))
    sensors = {(place.building_id, name) for place in places for name in place.sensors}
    locations = {(place.building_id, name) for place in places for name in place.locations}
    removed = {name for place in places for name in place.datasources}
    building_of = {row.datasource_id: row.building_id for row in registry.datasources}
    left = registry.without_datasources(removed)
    return replace(
        left,
        sensor_mappings=tuple(
            row
            for row in left.sensor_mappings
            if (building_of.get(row.datasource_id, ""), row.sensor_id) not in sensors
        ),
        locations=tuple(
            row
            for row in registry.locations
            if (row.building_id, row.public_location) not in locations
        ),
        grants=tuple(
            row for row in registry.grants if row.scope != "place" or row.scope_id not in nodes
        ),
        register_keys=tuple(row for row in left.register_keys if row.node_id not in nodes),
        roots=roots.without(nodes),
        erased=registry.erased | nodes,
        erased_files=tuple(
            (row.location, row.file_regex)
            for row in registry.datasources
            if row.datasource_id in removed
        ),
    )
