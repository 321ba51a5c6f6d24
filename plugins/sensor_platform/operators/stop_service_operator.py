"""Removes the container of a service, whatever became of the run."""

from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException
from docker.errors import DockerException

from include.core.settings import Settings
from include.engines import containers
from include.engines.containers import ContainerService


class StopServiceOperator(BaseOperator):
    """Finds the run's containers of `service` by their labels; the start may have failed."""

    def __init__(self, *, service: ContainerService, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.service = service

    def execute(self, context: Any) -> list[str]:
        settings, ti = Settings.from_environment(), context["ti"]
        try:
            cli = containers.docker_client(settings.docker_url)
            found = containers.find(
                cli, containers.labels(settings.data_dir, ti.dag_id, ti.run_id, self.service.name)
            )
            return containers.remove(cli, found)
        except (DockerException, OSError) as error:
            raise AirflowSkipException(
                f"no Docker daemon answers; maintain_platform removes what is left: {error}"
            ) from error
