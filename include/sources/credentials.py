"""What an address wants to know of us. It is Airflow's to keep, so the tasks hand over how to look
it up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credential:
    """A connection of Airflow: its login, its password, and headers from its extra."""

    login: str = ""
    password: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


Credentials = Callable[[str], Credential | None]  # by the id of a connection


def no_credentials(connection_id: str) -> Credential | None:  # noqa: ARG001
    """For what is done without Airflow: there is none."""
    return None
