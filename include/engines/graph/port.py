"""The port of the graph engines: a building's structure in, answers of include/cypher out.

All engines run the same files; where their dialects part, a folder named after the engine holds its
own. Values are bound to parameters, so that a name with quotes or Cypher in it stays a name.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from include.core import files
from include.core.settings import PROJECT_DIR, Settings
from include.engines.containers import ContainerService, Server
from include.registry.hierarchy import Hierarchy
from include.registry.rows import ZoneAdjacency

CYPHER = PROJECT_DIR / "include/cypher"
BATCH = 5_000
ALWAYS = (
    "0001-01-01",
    "9999-12-31",
)  # an open beginning and end, so that engines compare texts and no nulls

Rows = list[dict[str, Any]]


class GraphEngine(Protocol):
    """`name` is its value of GRAPH_ENGINE and its group in the DAG."""

    name: str

    def service(self, settings: Settings) -> ContainerService | None:
        """The container that it needs for a run; None if it needs none."""

    def graph(self, server: Server | None) -> AbstractContextManager["Graph"]:
        """An empty graph, for as long as the context lasts.

        Raises EngineUnavailable if it cannot be reached, or fails.
        """


class Graph(Protocol):
    """A database that lives as long as the run; `dialect` is its folder of include/cypher."""

    dialect: str

    def run(self, query: str, parameters: dict[str, Any]) -> Rows:
        """The rows of one statement."""


def ask(graph: Graph, question: str, **parameters: Any) -> Rows:
    """The rows that include/cypher/<question>.cypher answers.

    A parameter that is None is refused.
    """
    if missing := [name for name, value in parameters.items() if value is None]:
        raise ValueError(f"{question}: no value for {', '.join(missing)}")
    return graph.run(_text(graph, question), parameters)


def load(graph: Graph, hierarchy: Hierarchy) -> None:
    """Load the structure in batches; loading it again changes nothing."""
    for statement in statements(_text(graph, "schema")):
        graph.run(statement, {})
    tables = rows_to_load(hierarchy)
    for statement in statements(_text(graph, "load")):
        name = re.findall(r"UNWIND \$(\w+) AS row", statement)[0]
        for batch in _batches(tables[name]):
            graph.run(statement, {name: batch})


def statements(text: str) -> list[str]:
    """The statements of a file, without its comments."""
    lines = (line for line in text.splitlines() if not line.startswith("//"))
    return [statement.strip() for statement in "\n".join(lines).split(";\n") if statement.strip()]


def rows_to_load(hierarchy: Hierarchy) -> dict[str, Rows]:
    """The parameters of load.cypher, which lists them."""
    tables: dict[str, Rows] = defaultdict(list)
    current = {node.id: node for node in hierarchy.nodes if node.valid_to is None}
    for node in hierarchy.nodes:
        here = node if node.type != "Sensor" else current.get(node.id, node)
        properties = {
            "id": node.id,
            "type": node.type,
            "name": node.name,
            "level": here.level,
            "parent_id": here.parent_id,
            "coordinates": here.coordinates,
            "source": hierarchy.sources.get(node.id, ""),
        }
        tables["nodes"].append(properties)
        tables[f"{node.type.lower()}s"].append(properties)
        if not node.parent_id:
            continue
        place = {"id": node.id, "parent_id": node.parent_id}
        if node is here:
            tables["contained"].append(place)
        period = {
            **place,
            "level": node.level,
            "coordinates": node.coordinates,
            "valid_from": node.valid_from.isoformat() if node.valid_from else ALWAYS[0],
            "valid_to": node.valid_to.isoformat() if node.valid_to else ALWAYS[1],
        }
        tables["located"].append(period)
    tables["metrics"] = [
        {"id": name, "unit": unit} for name, unit in sorted(hierarchy.units.items())
    ]
    tables["measured"] = [
        {"id": sensor, "metric": name} for sensor, name in sorted(hierarchy.measured)
    ]
    tables["adjacent"] = [row for pair in hierarchy.adjacency for row in _both_ways(pair)]
    for relation in hierarchy.relations:
        tables[relation.relation.lower()].append(relation.model_dump())
    return tables


def _both_ways(pair: ZoneAdjacency) -> Rows:
    """A pair from each of its ends; `relation` says where the other zone lies."""
    there = "above" if pair.relation == "below" else pair.relation
    ways = (
        (pair.zone_id, pair.adjacent_zone_id, there),
        (pair.adjacent_zone_id, pair.zone_id, pair.relation),
    )
    return [
        {"zone_id": zone, "adjacent_zone_id": other, "relation": relation, "basis": pair.basis}
        for zone, other, relation in ways
    ]


def _batches(rows: Rows) -> Iterator[Rows]:
    unique = list({tuple(row.items()): row for row in rows}.values())
    for start in range(0, len(unique), BATCH):
        yield unique[start : start + BATCH]


def _text(graph: Graph, name: str) -> str:
    own = CYPHER / graph.dialect / f"{name}.cypher"
    return files.read_source(own if own.exists() else CYPHER / f"{name}.cypher")
