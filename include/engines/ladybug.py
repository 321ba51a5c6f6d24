"""The embedded graph engine: Ladybug, in memory."""

import contextlib
from collections.abc import Iterator
from typing import Any

import ladybug

from include.engines.graph import Rows


class LadybugGraph:
    """A graph in this process."""

    dialect = "ladybug"

    def __init__(self, connection: ladybug.Connection) -> None:
        self._connection = connection

    def run(self, query: str, parameters: dict[str, Any]) -> Rows:
        result = self._connection.execute(query, parameters)
        assert isinstance(result, ladybug.QueryResult)
        return [dict(row) for row in result.rows_as_dict()]


@contextlib.contextmanager
def ladybug_graph(memory_bytes: int = 1 << 30) -> Iterator[LadybugGraph]:
    """An empty graph that is gone afterwards."""
    with ladybug.Database(":memory:", buffer_pool_size=memory_bytes) as database, ladybug.Connection(database) as connection:
        yield LadybugGraph(connection)
