"""The servers that runs start in containers. Kept apart from their clients, which take long to import: DAG files are parsed all the time."""

from include.engines.containers import ContainerService

INFLUXDB_PORT = 8086
INFLUXDB_ORGANISATION = "platform"
NEO4J_HTTP_PORT, NEO4J_BOLT_PORT = 7474, 7687
NEO4J_USER = "neo4j"


def influxdb(image: str) -> ContainerService:
    """InfluxDB 2.7, set up with one organisation and the run's token."""
    return ContainerService(
        name="influxdb",
        image=image,
        ports=(INFLUXDB_PORT,),
        ready_path="/ready",
        secret_variable="DOCKER_INFLUXDB_INIT_ADMIN_TOKEN",
        environment={
            "DOCKER_INFLUXDB_INIT_MODE": "setup",
            "DOCKER_INFLUXDB_INIT_USERNAME": "platform",
            "DOCKER_INFLUXDB_INIT_PASSWORD": "unused-behind-the-token",
            "DOCKER_INFLUXDB_INIT_ORG": INFLUXDB_ORGANISATION,
            "DOCKER_INFLUXDB_INIT_BUCKET": "unused",
            "INFLUXD_REPORTING_DISABLED": "true",
            # Its window needs 1.5 GiB. Garbage may stay while there is room: loading is a tenth quicker.
            "GOMEMLIMIT": "3GiB",
            "GOGC": "400",
        },
        memory_limit="4g",
    )


def neo4j(image: str) -> ContainerService:
    """Neo4j 5.26 Community."""
    return ContainerService(
        name="neo4j",
        image=image,
        ports=(NEO4J_HTTP_PORT, NEO4J_BOLT_PORT),
        ready_path="/",
        secret_variable="NEO4J_AUTH",
        secret_format=f"{NEO4J_USER}/{{secret}}",
        environment={
            "NEO4J_server_memory_heap_initial__size": "512m",
            "NEO4J_server_memory_heap_max__size": "768m",
            "NEO4J_server_memory_pagecache_size": "128m",
        },
        memory_limit="1500m",
    )
