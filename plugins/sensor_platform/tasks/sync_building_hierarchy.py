"""The small steps of `sync_building_hierarchy`, and the one of `refresh` that wakes it."""

import logging
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.core.errors import EngineUnavailable
from include.engines.fallback import tell_of_fallback
from include.engines.services import NEO4J_BOLT_PORT, neo4j
from include.hierarchy import hierarchy
from include.registry.hierarchy import load_hierarchy
from sensor_platform.assets import HIERARCHY, HIERARCHY_SEEDS
from sensor_platform.run_context import platform
from sensor_platform.services import access

log = logging.getLogger(__name__)


@task(outlets=[HIERARCHY_SEEDS])
def announce_hierarchy() -> None:
    """Tell those who wait for them that the seeds of the hierarchy are not those that it was made from."""
    settings, registry = platform()
    if hierarchy.is_current(settings, registry):
        raise AirflowSkipException("the hierarchy is made from the seeds as they are")
    log.info("the seeds of the hierarchy have changed: sync_building_hierarchy runs next")


@task
def check_seeds() -> int:
    """Hold the tree against its rules and against the mapped sensors, before anything is loaded."""
    nodes = load_hierarchy(platform()[1]).nodes
    log.info("valid nodes: %d", len(nodes))
    return len(nodes)


@task(outlets=[HIERARCHY])
def build_in_ladybug() -> dict[str, int]:
    """Load, ask and export in an embedded graph."""
    from include.engines.ladybug import ladybug_graph

    settings, registry = platform()
    with ladybug_graph() as graph:
        return hierarchy.build(settings, registry, graph)


@task(outlets=[HIERARCHY])
def build_in_neo4j(started: dict[str, Any]) -> dict[str, int]:
    """Load, ask and export in Neo4j; if it cannot be had or breaks, in an embedded graph."""
    from include.engines.ladybug import ladybug_graph
    from include.engines.neo4j import neo4j_graph

    settings, registry = platform()
    try:
        with neo4j_graph(*access(settings, neo4j(settings.neo4j_image), started, NEO4J_BOLT_PORT)) as graph:
            counts = hierarchy.build(settings, registry, graph)
    except EngineUnavailable as error:
        log.warning("%s; the embedded engine takes its place", error)
        tell_of_fallback(settings, "graph_engine", str(error))
        with ladybug_graph() as graph:
            return hierarchy.build(settings, registry, graph)
    tell_of_fallback(settings, "graph_engine", "")
    return counts
