"""The only reader of the environment."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from include.core.drives import active_locations, remotes_of
from include.core.errors import ConfigurationError
from include.core.masking import remember, secrets_of_variable
from include.core.paths import DEFAULT_PUBLICATION, DataPaths

PROJECT_DIR = Path(__file__).resolve().parent.parent.parent
SEEDS = PROJECT_DIR / "include/dbt/seeds"
KNOWN_HOSTS = "_KNOWN_HOSTS_FILE"
IMAGE = "_IMAGE"
SAMPLE_AS_OF = "2026-03-01"  # the end of the sample's last day


@dataclass(frozen=True)
class Settings:
    """Where things are and which engines compute; everything else is a row in a seed."""

    data_dir: Path
    seeds_dir: Path
    as_of: str
    uses_sample: bool
    state_remote: str
    publish_remote: str
    named_remotes: frozenset[str]
    timeseries_engine: str
    graph_engine: str
    memory_limit: str
    images: Mapping[str, str]
    docker_url: str
    service_network: str
    watch_seconds: float
    remote_seconds: float
    export_legacy: bool = False
    replay: bool = False
    buildings: frozenset[str] | None = None
    publication: str = DEFAULT_PUBLICATION

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the environment. Raises ConfigurationError, with what to set."""
        for name, value in os.environ.items():
            if name.startswith("RCLONE_"):
                remember(secrets_of_variable(name, value))
        data_dir = Path(os.environ.get("DATA_DIR") or PROJECT_DIR / "data").resolve()
        seeds_dir = Path(os.environ.get("SEEDS_DIR") or SEEDS).resolve()
        drive, remotes = data_dir / "drive", remotes_of(active_locations(seeds_dir))
        home = f"{remotes[0]}:" if remotes else f"{drive}/"
        uses_sample = any(
            alias_variables(remote, drive).items() <= os.environ.items() for remote in remotes[:1]
        )
        return cls(
            data_dir=data_dir,
            seeds_dir=seeds_dir,
            as_of=os.environ.get("AS_OF") or (SAMPLE_AS_OF if uses_sample else ""),
            uses_sample=uses_sample,
            state_remote=os.environ.get("STATE_REMOTE") or f"{home}Platform",
            publish_remote=os.environ.get("PUBLISH_REMOTE") or f"{home}Public",
            named_remotes=frozenset(
                name for name in ("STATE_REMOTE", "PUBLISH_REMOTE") if os.environ.get(name)
            ),
            timeseries_engine=os.environ.get("TIMESERIES_ENGINE") or "duckdb",
            graph_engine=os.environ.get("GRAPH_ENGINE") or "ladybug",
            memory_limit=os.environ.get("DUCKDB_MEMORY_LIMIT") or "1GB",
            images={
                name.removesuffix(IMAGE).lower(): value
                for name, value in os.environ.items()
                if name.endswith(IMAGE) and value
            },
            docker_url=os.environ.get("DOCKER_HOST") or "unix://var/run/docker.sock",
            service_network=os.environ.get("SERVICE_NETWORK") or "",
            watch_seconds=_seconds("WATCH_SECONDS", 120),
            remote_seconds=_seconds("REMOTE_TIMEOUT", 300),
            export_legacy=os.environ.get("EXPORT_LEGACY") == "1",
        )

    @cached_property
    def paths(self) -> DataPaths:
        """Where things are under DATA_DIR."""
        return DataPaths(self.data_dir, self.replay, self.buildings, self.publication)

    def image_of(self, service: str, default: str) -> str:
        """The container image of a service: `<SERVICE>_IMAGE`, such as INFLUXDB_IMAGE, or the
        default.
        """
        return self.images.get(service, default)

    def as_replay(self) -> "Settings":
        """The same, with readings and archive in scratch: a replay of an older day replaces
        nothing.
        """
        return replace(self, replay=True)

    def seeing(self, buildings: Iterable[str]) -> "Settings":
        """The same for a run that has to do with these buildings alone."""
        return replace(self, buildings=frozenset(buildings))


def rclone_environment() -> dict[str, str]:
    """The environment of rclone: hosts of sftp remotes have to be known, in the usual file unless
    it names another. A file for all remotes would override that of one.
    """
    usual = "~/.ssh/known_hosts"
    if not any(name.endswith(KNOWN_HOSTS) for name in os.environ):
        return {f"RCLONE_SFTP{KNOWN_HOSTS}": usual, **os.environ}
    remotes = (
        name.removesuffix("_TYPE")
        for name, value in os.environ.items()
        if name.startswith("RCLONE_CONFIG_") and name.endswith("_TYPE") and value == "sftp"
    )
    return {f"{remote}{KNOWN_HOSTS}": usual for remote in remotes} | dict(os.environ)


def alias_variables(remote: str, folder: Path) -> dict[str, str]:
    """The variables that replace a remote by a local folder."""
    prefix = f"RCLONE_CONFIG_{remote.upper()}_"
    return {f"{prefix}TYPE": "alias", f"{prefix}REMOTE": str(folder)}


def _seconds(variable: str, default: float) -> float:
    text = os.environ.get(variable) or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise ConfigurationError(
            f"{variable}={text} is not a number of seconds",
            where="environment",
            cure=f"use a number above 0; the default is {default:g}",
        )
    return seconds
