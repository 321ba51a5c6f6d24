"""Neo4j 5.26 Community in a container of the run.

The client is imported by the task that needs it: DAG files are parsed all the time.
"""

from contextlib import AbstractContextManager

from include.core.settings import Settings
from include.engines.containers import ContainerService, Server
from include.engines.graph.port import Graph

HTTP_PORT, BOLT_PORT = 7474, 7687
USER = "neo4j"


class Neo4j:
    """A graph in a server, over Bolt."""

    name = "neo4j"

    def service(self, settings: Settings) -> ContainerService:
        """The server, with the run's password."""
        return ContainerService(
            name=self.name,
            image=settings.image_of(self.name, "neo4j:5.26-community"),
            ports=(HTTP_PORT, BOLT_PORT),
            ready_path="/",
            secret_variable="NEO4J_AUTH",
            secret_format=f"{USER}/{{secret}}",
            environment={
                "NEO4J_server_memory_heap_initial__size": "512m",
                "NEO4J_server_memory_heap_max__size": "768m",
                "NEO4J_server_memory_pagecache_size": "128m",
                # It lives for seconds: the second compiler would cost more than it gives back.
                "NEO4J_server_jvm_additional": "-XX:TieredStopAtLevel=1",
            },
            memory_limit="1500m",
        )

    def graph(self, server: Server | None) -> AbstractContextManager[Graph]:
        """See the port."""
        from include.engines.graph.neo4j.client import neo4j_graph  # noqa: PLC0415  # slow

        assert server is not None
        return neo4j_graph(server.address(BOLT_PORT), server.secret)


ENGINE = Neo4j()
