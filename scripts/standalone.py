"""`airflow standalone` without its log servers, for `make ui`.

Scheduler and triggerer serve their logs on all interfaces (ports 8793 and 8794), and no setting binds them to one. On one machine
nothing needs them: the API server reads the same files.
"""

from typing import Any

from airflow.cli.commands import standalone_command

WITH_LOG_SERVER = ("scheduler", "triggerer")


class WithoutLogServer(standalone_command.SubCommand):
    def __init__(self, parent: Any, name: str, command: list[str], env: dict[str, str]) -> None:
        super().__init__(parent, name, [*command, "--skip-serve-logs"] if name in WITH_LOG_SERVER else command, env)


def main() -> None:
    standalone_command.SubCommand = WithoutLogServer  # type: ignore[misc]
    standalone_command.StandaloneCommand().run()


if __name__ == "__main__":
    main()
