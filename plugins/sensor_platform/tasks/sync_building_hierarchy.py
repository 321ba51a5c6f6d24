"""The small steps of `sync_building_hierarchy`, and the one of `refresh` that triggers it."""

import logging
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from include.core.errors import EngineUnavailable
from include.engines.fallback import record_fallback
from include.engines.graph.ladybug import ladybug_graph
from include.engines.registry import graph_engine
from include.hierarchy import hierarchy
from include.registry.hierarchy import load_hierarchy
from sensor_platform.assets import HIERARCHY, HIERARCHY_SEEDS
from sensor_platform.run_context import platform
from sensor_platform.services import server

log = logging.getLogger(__name__)


@task(outlets=[HIERARCHY_SEEDS])
def announce_hierarchy() -> None:
    """Update the asset of the hierarchy's seeds if the hierarchy was built from other seeds."""
    settings, registry = platform()
    if hierarchy.is_current(settings, registry):
        raise AirflowSkipException("the hierarchy is made from the seeds as they are")
    log.info("the seeds of the hierarchy have changed: sync_building_hierarchy runs next")


@task
def check_seeds() -> int:
    """Check the tree against its rules and the mapped sensors, before anything is loaded."""
    nodes = load_hierarchy(platform()[1]).nodes
    log.info("valid nodes: %d", len(nodes))
    return len(nodes)


@task(outlets=[HIERARCHY])
def build_hierarchy(started: dict[str, Any] | None) -> dict[str, int]:
    """Load, query and export in the engine of GRAPH_ENGINE; if it is unavailable or fails, in Ladybug."""
    settings, registry = platform()
    engine = graph_engine(settings)
    try:
        with engine.graph(server(settings, engine, started)) as graph:
            counts = hierarchy.build(settings, registry, graph)
    except EngineUnavailable as error:
        log.warning("%s; Ladybug computes instead", error)
        record_fallback(settings, "graph_engine", str(error))
        with ladybug_graph() as graph:
            return hierarchy.build(settings, registry, graph)
    record_fallback(settings, "graph_engine", "")
    return counts
