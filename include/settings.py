"""The only reader of the environment."""

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from include.errors import ConfigurationError
from include.paths import DataPaths

PROJECT_DIR = Path(__file__).resolve().parent.parent
TIMESERIES_ENGINES = ("embedded",)


@dataclass(frozen=True)
class Settings:
    """Where things are and which engines compute; everything else is a row in a seed."""

    data_dir: Path
    state_remote: str
    publish_remote: str
    timeseries_engine: str
    memory_limit: str
    replay: bool = False

    @classmethod
    def from_environment(cls) -> "Settings":
        engine = os.environ.get("TIMESERIES_ENGINE") or "embedded"
        if engine not in TIMESERIES_ENGINES:
            raise ConfigurationError(
                f"TIMESERIES_ENGINE={engine} is not an engine of this version",
                where="environment",
                cure=f"use one of: {', '.join(TIMESERIES_ENGINES)}",
            )
        return cls(
            data_dir=Path(os.environ.get("DATA_DIR") or PROJECT_DIR / "data").resolve(),
            state_remote=os.environ.get("STATE_REMOTE") or "sm2drive:Platform",
            publish_remote=os.environ.get("PUBLISH_REMOTE") or "sm2drive:Public",
            timeseries_engine=engine,
            memory_limit=os.environ.get("DUCKDB_MEMORY_LIMIT") or "1GB",
        )

    @property
    def seeds_dir(self) -> Path:
        return PROJECT_DIR / "include/dbt/seeds"

    @cached_property
    def paths(self) -> DataPaths:
        return DataPaths(self.data_dir, self.replay)

    def as_replay(self) -> "Settings":
        """The same, with readings and archive in scratch: a replay of an older day replaces nothing."""
        return replace(self, replay=True)
