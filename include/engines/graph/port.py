"""The port of the graph engines: a building's structure in, answers of include/cypher out.

All engines run the same files; where their dialects part, a folder named after the engine holds its own. Values are
bound to parameters, so that a name with quotes or Cypher in it stays a name.
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
        """An empty graph, for as long as the context lasts. Raises EngineUnavailable if it cannot be reached, or fails."""


class Graph(Protocol):
    """A database that lives as long as the run; `dialect` is its folder of include/cypher."""

    dialect: str

    def run(self, query: str, parameters: dict[str, Any]) -> Rows:
        """The rows of one statement."""


def ask(graph: Graph, question: str, **parameters: Any) -> Rows:
    """The rows that include/cypher/<question>.cypher answers. A parameter that is None is refused."""
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
    """The parameters of include/cypher/load.cypher."""
    tables: dict[str, Rows] = defaultdict(list)
    kind = {node.id: node.type for node in hierarchy.nodes}
    for node in hierarchy.nodes:
        place = {"id": node.id, "level": node.level, "coordinates": node.coordinates}
        match node.type:
            case "Sensor":
                tables["sensors"].append(
                    {"id": node.id, "name": node.name, "source": hierarchy.sources.get(node.id, "")}
                )
                period = {
                    "valid_from": node.valid_from.isoformat() if node.valid_from else ALWAYS[0],
                    "valid_to": node.valid_to.isoformat() if node.valid_to else ALWAYS[1],
                }
                tables[f"sensors_in_{kind[node.parent_id].lower()}s"].append(
                    {**place, "parent_id": node.parent_id, **period}
                )
            case "Building":
                tables["buildings"].append({**place, "name": node.name})
            case _:
                tables[f"{node.type.lower()}s"].append({**place, "name": node.name})
                tables[f"{node.type.lower()}s_of_{kind[node.parent_id].lower()}s"].append(
                    {"id": node.id, "parent_id": node.parent_id}
                )
    tables["metrics"] = [
        {"id": name, "unit": unit} for name, unit in sorted(hierarchy.units.items())
    ]
    tables["measured"] = [
        {"id": sensor, "metric": name} for sensor, name in sorted(hierarchy.measured)
    ]
    tables["adjacent"] = [pair.model_dump() for pair in hierarchy.adjacency]
    return tables


def _batches(rows: Rows) -> Iterator[Rows]:
    unique = list({tuple(row.items()): row for row in rows}.values())
    for start in range(0, len(unique), BATCH):
        yield unique[start : start + BATCH]


def _text(graph: Graph, name: str) -> str:
    own = CYPHER / graph.dialect / f"{name}.cypher"
    return files.read_source(own if own.exists() else CYPHER / f"{name}.cypher")
