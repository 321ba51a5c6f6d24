"""Engines in DAGs: the container of one is started, used, and removed whatever happens."""

import logging
from collections.abc import Callable
from typing import Any

from airflow.sdk import TaskGroup, task
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.log import mask_secret
from docker.errors import DockerException

from include.core.errors import EngineUnavailable
from include.core.settings import Settings
from include.engines import containers
from include.engines.containers import Server
from include.engines.graph.port import GraphEngine
from include.engines.timeseries.port import TimeSeriesEngine
from sensor_platform.operators.start_service_operator import StartServiceOperator
from sensor_platform.operators.stop_service_operator import StopServiceOperator

log = logging.getLogger(__name__)


def engine_group(engine: TimeSeriesEngine | GraphEngine, use: Callable[[Any], Any]) -> TaskGroup:
    """`start` → `use`, which is given where the engine answers → `stop`; `use` alone for an engine
    without a container.

    The DAG shows the group whichever engine is chosen; the task before it skips all of it, at once,
    where another one computes.
    """
    settings = Settings.from_environment()
    service = engine.service(settings)
    container = f"{service.image} in a container of this run" if service else engine.name
    with TaskGroup(engine.name, tooltip=container) as group:
        if service is None:
            use(None)
            return group
        start = StartServiceOperator(
            task_id="start",
            service=service,
            network=settings.service_network,
            docker_url=settings.docker_url,
            retry_exponential_backoff=True,
        )
        stop = StopServiceOperator(task_id="stop", service=service).as_teardown(setups=start)
        start >> use(start.output) >> stop
    return group


def server(
    settings: Settings, engine: TimeSeriesEngine | GraphEngine, started: dict[str, Any] | None
) -> Server | None:
    """Where the engine's container answers; None for an engine without one.

    Raises EngineUnavailable if it is not there.
    """
    service = engine.service(settings)
    if service is None or started is None:
        return None
    if reason := started.get("unavailable"):
        raise EngineUnavailable(f"{service.name} could not be started: {reason}")
    try:
        secret = containers.secret_of(
            containers.docker_client(settings.docker_url), started["container_id"], service
        )
    except (DockerException, OSError) as error:
        raise EngineUnavailable(f"the container of {service.name} is gone: {error}") from error
    mask_secret(secret)
    return Server(
        started["host"], {int(port): bound for port, bound in started["ports"].items()}, secret
    )


@task
def remove_expired_containers() -> list[str]:
    """Remove what killed runs have left, once it is older than a run may become."""
    try:
        cli = containers.docker_client(Settings.from_environment().docker_url)
        removed = containers.remove(cli, containers.expired(cli))
    except (DockerException, OSError) as error:
        raise AirflowSkipException(f"no Docker daemon answers: {error}") from error
    log.info("expired containers removed: %d", len(removed))
    return removed
