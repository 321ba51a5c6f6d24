"""Services in containers that live as long as a run: what one needs, and how it is found again by
its labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import docker

PLATFORM = "building-sensor-platform"
LAST_LINES = 20


@dataclass(frozen=True)
class ContainerService:
    """A server that a run starts for itself.

    The first port is the one whose answer means that it is ready.
    """

    name: str
    image: str
    ports: tuple[int, ...]
    ready_path: str
    secret_variable: str
    secret_format: str = "{secret}"
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_limit: str = "4g"
    ready_within_seconds: float = 120
    expires_after_seconds: int = 6 * 3600  # longer than any run


@dataclass(frozen=True)
class Server:
    """Where a running service answers: the host, each port of the service as it is reached there,
    and the run's secret.
    """

    host: str
    ports: Mapping[int, int]
    secret: str

    def address(self, port: int) -> str:
        """`host:port` of one of the service's ports."""
        return f"{self.host}:{self.ports[port]}"


def docker_client(url: str) -> docker.APIClient:
    """Docker's own low-level client. Raises DockerException if no daemon answers."""
    return docker.APIClient(base_url=url, version="auto", timeout=60)


def labels(data_dir: Path, dag_id: str, run_id: str, service: str) -> dict[str, str]:
    """Labels that distinguish a run's container from all others, including other installations'."""
    return {
        f"{PLATFORM}.{key}": value
        for key, value in {
            "data_dir": str(data_dir),
            "dag": dag_id,
            "run": run_id,
            "service": service,
        }.items()
    }


def find(cli: docker.APIClient, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    """All containers with these labels, running or not."""
    found: list[dict[str, Any]] = cli.containers(
        all=True, filters={"label": [f"{key}={value}" for key, value in wanted.items()]}
    )
    return found


def remove(cli: docker.APIClient, containers: list[dict[str, Any]]) -> list[str]:
    """Remove containers with their volumes, dead or alive; another may have been quicker."""
    for container in containers:
        try:
            cli.remove_container(container["Id"], force=True, v=True)
        except docker.errors.APIError as error:
            if error.status_code not in (404, 409):  # gone already, or on its way
                raise
    return [container["Id"][:12] for container in containers]


def expired(cli: docker.APIClient) -> list[dict[str, Any]]:
    """Containers with our label that are older than they were allowed to be, by the Docker daemon's
    own clock.
    """
    now = datetime.fromisoformat(cli.info()["SystemTime"]).timestamp()
    ours: list[dict[str, Any]] = cli.containers(
        all=True, filters={"label": f"{PLATFORM}.expires_after_seconds"}
    )
    return [
        container
        for container in ours
        if now
        > container["Created"] + int(container["Labels"][f"{PLATFORM}.expires_after_seconds"])
    ]


def last_lines(cli: docker.APIClient, container_id: str) -> str:
    """The end of a container's log, for the error that it caused."""
    try:
        return str(cli.logs(container_id, tail=LAST_LINES).decode(errors="replace")).strip()
    except (docker.errors.DockerException, OSError) as error:
        return f"(its log cannot be read: {error})"


def secret_of(cli: docker.APIClient, container_id: str, service: ContainerService) -> str:
    """The run's secret, from the container that was given it: it is stored nowhere else."""
    environment: dict[str, str] = dict(
        entry.split("=", 1) for entry in cli.inspect_container(container_id)["Config"]["Env"]
    )
    prefix, _, suffix = service.secret_format.partition("{secret}")
    return environment[service.secret_variable].removeprefix(prefix).removesuffix(suffix)
