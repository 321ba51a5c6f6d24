"""The provider's DockerOperator, for a container that goes on after its task has ended.

https://github.com/apache/airflow/blob/providers-docker/4.6.1/providers/docker/src/airflow/providers/docker/operators/docker.py:
`_run_image_with_mounts` starts a container and waits for its end.
"""

from typing import Any

from airflow.providers.docker.operators.docker import DockerOperator

from sensor_platform.internals import require_tried


class DetachedDockerOperator(DockerOperator):
    """Starts a container with its labels and ports, and leaves it running; returns what
    `when_started` returns.
    """

    labels: dict[str, str]
    secret_environment: dict[str, str]  # for the container alone: no template shows it

    def __init__(self, **kwargs: Any) -> None:
        require_tried("apache-airflow-providers-docker")
        super().__init__(**kwargs)

    def when_started(self, container_id: str) -> Any:
        """What to do, and to return, once the container runs."""
        raise NotImplementedError

    def bound_ports(self, container_id: str) -> dict[int, int]:
        """The ports of this machine by those of the container."""
        return {
            port: int(self.cli.port(container_id, port)[0]["HostPort"])
            for port in self.port_bindings
        }

    def _run_image_with_mounts(self, target_mounts: Any, add_tmp_variable: bool) -> Any:
        self.container = self.cli.create_container(
            image=self.image,
            labels=self.labels,
            ports=list(self.port_bindings),
            environment={**self.environment, **self.secret_environment},
            host_config=self.cli.create_host_config(
                port_bindings=self.port_bindings,
                mem_limit=self.mem_limit,
                network_mode=self.network_mode,
            ),
        )
        container_id = self.container["Id"]
        self.cli.start(container_id)
        return self.when_started(container_id)
