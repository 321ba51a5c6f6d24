"""The port of the time-series engines: readings of planned windows in, aggregates of four grains out.

An engine reads `work/plan/windows.parquet` and writes `work/built/aggregates/agg_<grain>.<batch>.parquet` for each window, with the
columns, order and window labels of `agg_<grain>` in include/dbt/models/3_aggregations. All engines agree to
1e-9 · max(1, |value|).

| engine | what computes |
|---|---|
| embedded | dbt models on DuckDB, in the DAG's task group `aggregate` |
| service | InfluxDB in a container of the run: `include.engines.influxdb`; the embedded engine if that cannot be had |
"""

from typing import Any

from include.core import files
from include.core.settings import Settings
from include.engines.fallback import tell_of_fallback


def record_engine(settings: Settings, engine: str, instead_of: str = "") -> None:
    """Remember which engine computes the planned windows and, if it is not the one asked for, tell a finding why."""
    files.write_json(_computed_by(settings), {"timeseries_engine": engine, **({"instead_of": instead_of} if instead_of else {})})
    tell_of_fallback(settings, "timeseries_engine", instead_of)


def engine_used(settings: Settings) -> dict[str, Any]:
    """What `record_engine` remembered for the planned windows; the embedded engine if nothing was."""
    path = _computed_by(settings)
    used: dict[str, Any] = files.read_json(path) if path.exists() else {"timeseries_engine": "embedded"}
    return used


def _computed_by(settings: Settings) -> Any:
    return settings.paths.built_aggregates / "engine.json"
