"""The small steps of `sync_building_hierarchy`, and the one of `refresh` that triggers it."""

import logging
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from include.core.errors import EngineUnavailable
from include.engines.fallback import record_fallback
from include.engines.graph.ladybug import ladybug_graph
from include.engines.registry import graph_engine, graph_service
from include.hierarchy import hierarchy
from include.registry.hierarchy import load_hierarchy
from sensor_platform.assets import HIERARCHY, HIERARCHY_SEEDS
from sensor_platform.run_context import platform, skip_groups
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
    """Check the tree against its rules and the mapped sensors, before anything is loaded; skip a
    container that is not used.
    """
    settings, registry = platform()
    nodes = load_hierarchy(registry).nodes
    log.info("valid nodes: %d", len(nodes))
    engine = graph_engine(settings)
    if engine.service(settings) is None:
        log.info("GRAPH_ENGINE is %s: no container is started", engine.name)
        skip_groups(get_current_context(), graph_service(settings).name, result=len(nodes))
    return len(nodes)


@task(outlets=[HIERARCHY])
def build_in_engine(started: dict[str, Any] | None) -> None:
    """Load, query and export in the engine of GRAPH_ENGINE and skip Ladybug; if the engine cannot,
    let Ladybug do it.
    """
    settings, registry = platform()
    engine = graph_engine(settings)
    try:
        with engine.graph(server(settings, engine, started)) as graph:
            counts = hierarchy.build(settings, registry, graph)
    except EngineUnavailable as error:
        record_fallback(settings, "graph_engine", str(error))
        raise AirflowSkipException(f"{error}; Ladybug computes instead") from error
    record_fallback(settings, "graph_engine", "")
    skip_groups(get_current_context(), "build_hierarchy", result=counts)


@task(outlets=[HIERARCHY], trigger_rule="none_failed")
def build_hierarchy() -> dict[str, int]:
    """Load, query and export in Ladybug, in this process."""
    settings, registry = platform()
    if graph_engine(settings).service(settings) is None:
        record_fallback(settings, "graph_engine", "")
    with ladybug_graph() as graph:
        return hierarchy.build(settings, registry, graph)
