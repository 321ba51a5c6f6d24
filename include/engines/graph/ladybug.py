"""Ladybug: a graph in the memory of this process.

A node of Ladybug has one label, and each pair of labels that a relationship joins costs 10 MB. So
all places and sensors are `Node`, and a label such as `Zone` is a condition on their `type`.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from include.core.settings import Settings
from include.engines.containers import Server
from include.engines.graph.port import Rows

if TYPE_CHECKING:
    import ladybug

QUOTED = re.compile(r"""('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|//[^\n]*)""")
# `(zone:Zone {name: …}`: which of the types, and whether there are conditions already.
LABEL = re.compile(r"(\(\s*\w*\s*:\s*)(Building|Floor|Zone|Room|Sensor)\b(\s*\{\s*\}|\s*\{)?")
# `[:IN]`, which Neo4j takes as the name of a relationship; for Ladybug it is a reserved word.
RESERVED_TYPE = re.compile(r"(\[\s*\w*\s*:\s*)IN\b")


def in_dialect(query: str) -> str:
    """A statement as Ladybug wants it; what is quoted, and comments, stay as they are."""
    parts = QUOTED.split(query)
    for at in range(0, len(parts), 2):
        parts[at] = RESERVED_TYPE.sub(r"\1`IN`", LABEL.sub(_with_type, parts[at]))
    return "".join(parts)


def _with_type(found: re.Match[str]) -> str:
    beginning, label, more = found.groups()
    has_more = more and "}" not in more
    return f"{beginning}Node {{type: '{label}'{', ' if has_more else '}'}"


class LadybugGraph:
    """A graph in this process."""

    dialect = "ladybug"

    def __init__(self, connection: "ladybug.Connection") -> None:
        self._connection = connection

    def run(self, query: str, parameters: dict[str, Any]) -> Rows:
        """See `GraphSession.run`."""
        result: Any = self._connection.execute(in_dialect(query), parameters)
        return [dict(row) for row in result.rows_as_dict()]


@contextlib.contextmanager
def ladybug_graph(memory_bytes: int = 1 << 30) -> Iterator[LadybugGraph]:
    """An empty graph that is gone afterwards."""
    import ladybug  # noqa: PLC0415  # slow, and DAG files import this module

    with (
        ladybug.Database(":memory:", buffer_pool_size=memory_bytes) as database,
        ladybug.Connection(database) as connection,
    ):
        yield LadybugGraph(connection)


class Ladybug:
    """The embedded engine, which computes instead of one that is unavailable."""

    name = "ladybug"

    def service(self, settings: Settings) -> None:
        """It needs no container."""

    def graph(self, server: Server | None) -> contextlib.AbstractContextManager[LadybugGraph]:
        """See the port."""
        return ladybug_graph()


ENGINE = Ladybug()
