"""What an address wants to know of us. It is Airflow's to keep, so the tasks hand over how to look
it up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from include.core.errors import RemoteError
from include.registry.rows import HttpRequest, SqlTable


@dataclass(frozen=True)
class Credential:
    """A connection of Airflow: its login, its password, and headers from its extra."""

    login: str = ""
    password: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


Credentials = Callable[[str], Credential | None]  # by the id of a connection


def credential_of(credentials: Credentials, row: HttpRequest | SqlTable, seed: str) -> Credential:
    """What the connection that a row of a seed names holds; nothing if it names none.

    Raises RemoteError if there is no such connection.
    """
    if not row.connection:
        return Credential()
    found = credentials(row.connection)
    if found is None:
        raise RemoteError(
            f"there is no connection {row.connection}",
            where=f"{seed}, line {row.line}, column connection",
            cure="add it in Airflow, or as AIRFLOW_CONN_… in the environment",
        )
    return found


def no_credentials(connection_id: str) -> Credential | None:  # noqa: ARG001
    """For what is done without Airflow: there is none."""
    return None
