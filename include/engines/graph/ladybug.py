"""Ladybug: a graph in the memory of this process."""

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from include.core.settings import Settings
from include.engines.containers import Server
from include.engines.graph.port import Rows

if TYPE_CHECKING:
    import ladybug

# `[:IN]`, which Neo4j takes as the name of a relationship; for Ladybug it is a reserved word.
RESERVED_TYPE = re.compile(r"(\[\s*\w*\s*:\s*)IN\b")


class LadybugGraph:
    """A graph in this process."""

    dialect = "ladybug"

    def __init__(self, connection: "ladybug.Connection") -> None:
        self._connection = connection

    def run(self, query: str, parameters: dict[str, Any]) -> Rows:
        """See `GraphSession.run`."""
        result: Any = self._connection.execute(RESERVED_TYPE.sub(r"\1`IN`", query), parameters)
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
