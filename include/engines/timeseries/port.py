"""The port of the time-series engines: readings of planned windows in, aggregates of four grains
out.

An engine reads `work/plan/windows.parquet` and writes
`work/built/aggregates/agg_<grain>.<batch>.parquet` for each window, with the columns, order and
window labels of `agg_<grain>` in include/dbt/models/3_aggregations. All engines agree to 1e-9 ·
max(1, |value|). `duckdb` is the DAG's task group `aggregate`; it computes what another engine could
not.
"""

from typing import Any, Protocol

from include.core import files
from include.core.settings import Settings
from include.engines.containers import ContainerService, Server
from include.engines.fallback import record_fallback


class TimeSeriesEngine(Protocol):
    """An engine other than `duckdb`; `name` is its value of TIMESERIES_ENGINE and its group in the
    DAG.
    """

    name: str

    def service(self, settings: Settings) -> ContainerService | None:
        """The container that it needs for a run; None if it needs none."""

    def aggregate(self, settings: Settings, server: Server | None) -> str:
        """Compute all planned windows; returns the engine's name with its version.

        Raises:
            EngineUnavailable: it cannot be reached, or failed: then `duckdb` computes.
            ContractError: it holds something else than it was sent.
        """


def record_engine(settings: Settings, engine: str, instead_of: str = "") -> None:
    """Record which engine computes the planned windows and, if it is not the one asked for, why (as
    a finding).
    """
    files.write_json(
        _computed_by(settings),
        {"timeseries_engine": engine, **({"instead_of": instead_of} if instead_of else {})},
    )
    record_fallback(settings, "timeseries_engine", instead_of)


def engine_used(settings: Settings) -> dict[str, Any]:
    """What `record_engine` remembered for the planned windows; `duckdb` if nothing was."""
    path = _computed_by(settings)
    used: dict[str, Any] = (
        files.read_json(path) if path.exists() else {"timeseries_engine": "duckdb"}
    )
    return used


def _computed_by(settings: Settings) -> Any:
    return settings.paths.built_aggregates / "engine.json"
