"""Where the series of a building are: each location in the tree of its places."""

from typing import Any

from include.serving.api.catalogue import Node, Published, path_of

SENSOR = "Sensor"
LOCATION = "location"


def paths(published: Published, building_id: str) -> dict[str, list[Node]]:
    """The nodes from the building down to each place, by the name of the place, which is the
    `location` of its series.
    """
    nodes = published.nodes[building_id]
    by_id = {row["id"]: row for row in nodes}
    with_sensors = {row["parent_id"] for row in nodes if row["type"] == SENSOR}
    places = [row for row in nodes if row["type"] != SENSOR]
    places.sort(key=lambda row: row["id"] in with_sensors)  # of equal names these count
    return {row["name"]: path_of(row, by_id) for row in places}


def short(node: Node) -> dict[str, str]:
    """What identifies a node."""
    return {name: node[name] for name in ("id", "type", "name")}


def locations_of(published: Published, building_id: str) -> list[dict[str, Any]]:
    """The locations of a building's series, by name; `id` and `type` are None where the hierarchy
    does not have the place.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in published.series[building_id].values():
        found.setdefault(row["location"], []).append(row)
    known = paths(published, building_id)
    rows = []
    for location, series in sorted(found.items()):
        *above, own = known.get(location) or [{"id": None, "type": None, "name": location}]
        rows.append(
            {
                LOCATION: location,
                **short(own),
                "path": [short(node) for node in above],
                "sources": sorted({row["source"] for row in series}),
                "measurements": sorted({row["measurement"] for row in series}),
                "series": [row["id"] for row in series],
                "first": min(row["first"] for row in series),
                "last": max(row["last"] for row in series),
            }
        )
    return rows


def places_by(
    published: Published, building_id: str, by: str
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The places of one type that have locations of series in them, and for each location the
    number of its place. Locations outside of all of them are left out.
    """
    places: list[dict[str, Any]] = []
    numbers, known = {}, {}
    for row in locations_of(published, building_id):
        own = short(row)
        inside = [node for node in (*row["path"], own) if str(node["type"]).lower() == by]
        if not (chosen := [own] if by == LOCATION else inside):
            continue
        place = chosen[0]
        key = place["id"] or place["name"]
        if key not in known:
            known[key] = len(places)
            places.append(place)
        numbers[row[LOCATION]] = known[key]
    return places, numbers


def types_of(published: Published, building_id: str) -> list[str]:
    """What places can be grouped by: the types of the building's nodes, and `location`."""
    types = {row["type"].lower(): None for row in published.nodes[building_id]}
    types.pop(SENSOR.lower(), None)
    return [LOCATION, *types]
