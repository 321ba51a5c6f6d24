"""`airflow standalone` for `make ui`: without log servers, and with a scheduler that waits for the
API server.

https://github.com/apache/airflow/blob/3.3.2/airflow-core/src/airflow/cli/commands/standalone_command.py:
`SubCommand` is each part.

Scheduler and triggerer serve their logs on all interfaces (ports 8793 and 8794), and no setting
binds them to one. On one machine nothing needs them: the API server reads the same files.
"""

import os
import threading
import urllib.request
from typing import Any

from airflow.cli.commands import standalone_command

from sensor_platform.internals import require_tried

WITH_LOG_SERVER = ("scheduler", "triggerer")
# Loopback only, whatever proxy the environment names.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Part(standalone_command.SubCommand):
    """A part of `airflow standalone`, as a process."""

    def __init__(self, parent: Any, name: str, command: list[str], env: dict[str, str]) -> None:
        super().__init__(
            parent,
            name,
            [*command, "--skip-serve-logs"] if name in WITH_LOG_SERVER else command,
            env,
        )
        self.is_stopped = threading.Event()

    def run(self) -> None:
        """Start the process; the scheduler waits for the API server."""
        if (
            self.name == "scheduler"
        ):  # it starts runs at once, and their tasks would find no API server
            while not self.is_stopped.is_set() and not answers(
                os.environ["AIRFLOW__API__BASE_URL"]
            ):
                self.is_stopped.wait(0.5)
        if not self.is_stopped.is_set():
            super().run()  # type: ignore[no-untyped-call]

    def stop(self) -> None:
        """Stop the process, also one that still waits."""
        self.is_stopped.set()
        super().stop()  # type: ignore[no-untyped-call]


def answers(address: str) -> bool:
    """Whether the API server is healthy."""
    try:
        OPENER.open(f"{address}/api/v2/monitor/health", timeout=2).close()
    except OSError:
        return False
    return True


def main() -> None:
    """Serve until the process is stopped."""
    require_tried("apache-airflow")
    standalone_command.SubCommand = Part  # type: ignore[misc]
    standalone_command.StandaloneCommand().run()


if __name__ == "__main__":
    main()
