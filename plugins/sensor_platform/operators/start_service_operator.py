"""Starts a server in a container for the rest of the run."""

import secrets
import time
import urllib.request
from typing import Any

from airflow.sdk.log import mask_secret
from docker.errors import DockerException

from include.core.settings import Settings
from include.engines import containers
from include.engines.containers import PLATFORM, ContainerService
from sensor_platform.internals.docker import DetachedDockerOperator


class StartServiceOperator(DetachedDockerOperator):
    """Starts `service`, waits until it answers, and leaves it running; `StopServiceOperator` is its
    teardown.

    Returns where it answers: `{"container_id", "host", "ports"}`. If it is unavailable on the last
    try, returns
    `{"unavailable": reason}`, so that an engine without a container computes instead. The random
    secret is given to the container alone; those who need it ask the container
    (`containers.secret_of`).
    """

    def __init__(self, *, service: ContainerService, network: str = "", **kwargs: Any) -> None:
        super().__init__(
            image=service.image,
            mem_limit=service.memory_limit,
            environment=dict(service.environment),
            mount_tmp_dir=False,
            network_mode=network or None,
            # None: Docker picks a free port; in a network of containers none is published
            port_bindings={} if network else dict.fromkeys(service.ports, ("127.0.0.1", None)),
            **kwargs,
        )
        self.service = service

    def execute(self, context: Any) -> Any:
        ti = context["ti"]
        wanted = containers.labels(
            Settings.from_environment().data_dir, ti.dag_id, ti.run_id, self.service.name
        )
        more = {
            "task": ti.task_id,
            "try": str(ti.try_number),
            "expires_after_seconds": str(self.service.expires_after_seconds),
        }
        self.labels = {**wanted, **{f"{PLATFORM}.{key}": value for key, value in more.items()}}
        secret = secrets.token_hex(
            24
        )  # one that begins with "-" would be an option to the entry point of Neo4j
        mask_secret(secret)
        self.secret_environment = {
            self.service.secret_variable: self.service.secret_format.format(secret=secret)
        }
        try:
            containers.remove(
                self.cli, containers.find(self.cli, wanted)
            )  # what an earlier try has left
            return super().execute(context)
        except Exception as error:
            self._remove()
            if ti.try_number <= ti.max_tries:
                raise
            self.log.warning("%s is unavailable: %s", self.service.name, error)
            return {"unavailable": f"{type(error).__name__}: {error}"}
        except BaseException:
            self._remove()
            raise

    def when_started(self, container_id: str) -> dict[str, Any]:
        """Wait for an answer, and say where it came from."""
        self._require_running()  # the ports of a container that has ended are None
        if self.network_mode:
            host, ports = container_id[:12], {port: port for port in self.service.ports}
        else:
            host, ports = "127.0.0.1", self.bound_ports(container_id)
        first = ports[self.service.ports[0]]
        self._wait_until_ready(f"http://{host}:{first}{self.service.ready_path}")
        return {
            "container_id": container_id,
            "host": host,
            "ports": {str(port): bound for port, bound in ports.items()},
        }

    def _require_running(self) -> None:
        state = self.cli.inspect_container(self.container["Id"])["State"]
        if not state["Running"]:
            how = (
                "ran out of memory and was killed"
                if state["OOMKilled"]
                else f"ended with exit code {state['ExitCode']}"
            )
            raise RuntimeError(
                f"{self.service.name}"
                f" {how}:\n{containers.last_lines(self.cli, self.container['Id'])}"
            )

    def _wait_until_ready(self, url: str) -> None:
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({})
        )  # a proxy knows nothing of loopback
        deadline, pause = time.monotonic() + self.service.ready_within_seconds, 0.1
        while True:
            self._require_running()
            try:
                with opener.open(url, timeout=5) as response:
                    if response.status == 200:
                        return
                    answer = f"status {response.status}"
            except OSError as error:
                answer = str(error)
            if time.monotonic() > deadline:
                said = containers.last_lines(self.cli, self.container["Id"])
                raise TimeoutError(
                    f"{self.service.name} does not answer at {url} ({answer}):\n{said}"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 2)

    def on_kill(self) -> None:
        self._remove()

    def _remove(self) -> None:
        if self.container:
            try:
                containers.remove(self.cli, [self.container])
            except (
                DockerException,
                OSError,
            ) as error:  # the daemon is gone, too; what it left expires
                self.log.warning(
                    "the container of %s could not be removed: %s", self.service.name, error
                )
