"""A service in a container, without Airflow, for benchmarks and tests."""

import contextlib
import time
import urllib.request
from collections.abc import Iterator

import docker

from include.engines import containers
from include.engines.containers import PLATFORM, ContainerService

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
SECRET = "a-secret-for-one-container"


@contextlib.contextmanager
def running(cli: docker.APIClient, service: ContainerService) -> Iterator[str]:
    """The address of a service that is ready, as the operator starts it."""
    container = cli.create_container(
        image=service.image,
        labels={f"{PLATFORM}.data_dir": "benchmarks"},
        ports=list(service.ports),
        environment={
            **service.environment,
            service.secret_variable: service.secret_format.format(secret=SECRET),
        },
        host_config=cli.create_host_config(
            port_bindings=dict.fromkeys(service.ports, ("127.0.0.1", None)),
            mem_limit=service.memory_limit,
        ),
    )
    try:
        cli.start(container["Id"])
        ports = [cli.port(container["Id"], port)[0]["HostPort"] for port in service.ports]
        deadline = time.monotonic() + service.ready_within_seconds
        while True:
            try:
                OPENER.open(f"http://127.0.0.1:{ports[0]}{service.ready_path}", timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < deadline, containers.last_lines(cli, container["Id"])
                time.sleep(0.2)
        yield f"127.0.0.1:{ports[-1]}"
    finally:
        containers.remove(cli, [container])
