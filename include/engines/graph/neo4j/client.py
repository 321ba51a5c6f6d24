"""A graph in Neo4j 5.26, over Bolt."""

import contextlib
from collections.abc import Iterator
from typing import Any

from neo4j import Driver, GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from include.core.errors import EngineUnavailable
from include.engines.graph.neo4j import USER
from include.engines.graph.port import Rows


class Neo4jGraph:
    """A graph in a server."""

    dialect = "neo4j"

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def run(self, query: str, parameters: dict[str, Any]) -> Rows:
        """See `GraphSession.run`."""
        records, _, _ = self._driver.execute_query(query, parameters, database_="neo4j")
        return [record.data() for record in records]


@contextlib.contextmanager
def neo4j_graph(address: str, secret: str) -> Iterator[Neo4jGraph]:
    """The graph at `host:port`, emptied first: an earlier try may have loaded half.

    Raises EngineUnavailable if it fails.
    """
    try:
        with GraphDatabase.driver(
            f"bolt://{address}",
            auth=(USER, secret),
            connection_timeout=15,
            max_transaction_retry_time=30,
        ) as driver:
            graph = Neo4jGraph(driver)
            graph.run("MATCH (n) DETACH DELETE n", {})
            yield graph
    except (DriverError, Neo4jError) as error:
        raise EngineUnavailable(f"Neo4j failed: {type(error).__name__}: {error}") from error
