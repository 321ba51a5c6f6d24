"""Servers that live as long as a part of the run: started, used, and removed whatever happens."""

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
from include.engines.containers import ContainerService
from sensor_platform.operators.start_service_operator import StartServiceOperator
from sensor_platform.operators.stop_service_operator import StopServiceOperator

log = logging.getLogger(__name__)


def service_group(service: ContainerService, use: Callable[[Any], Any]) -> TaskGroup:
    """`start` → what `use` makes of where the service answers → `stop`."""
    settings = Settings.from_environment()
    with TaskGroup(service.name, tooltip=f"{service.image} in a container of this run") as group:
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


def access(settings: Settings, service: ContainerService, started: dict[str, Any], port: int) -> tuple[str, str]:
    """`host:port` under which a port of a started service is reached, and its secret. Raises EngineUnavailable if there is none."""
    if reason := started.get("unavailable"):
        raise EngineUnavailable(f"{service.name} could not be started: {reason}")
    try:
        secret = containers.secret_of(containers.docker_client(settings.docker_url), started["container_id"], service)
    except (DockerException, OSError) as error:
        raise EngineUnavailable(f"the container of {service.name} is gone: {error}") from error
    mask_secret(secret)
    return f"{started['host']}:{started['ports'][str(port)]}", secret


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
