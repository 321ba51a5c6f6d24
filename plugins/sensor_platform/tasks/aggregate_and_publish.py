"""The small steps of `aggregate_and_publish`; each calls one function of `include`."""

import logging
from itertools import chain
from typing import Any

from airflow.sdk import get_current_context, task

from include.core.errors import EngineUnavailable
from include.engines.registry import timeseries_engine, timeseries_service
from include.engines.timeseries.port import record_engine
from include.planning.tables import write_windows_plan
from include.recovery import healing
from include.release import release
from include.replication import state
from include.store import archive
from sensor_platform.assets import READINGS
from sensor_platform.run_context import run_of, skip_groups
from sensor_platform.services import server

log = logging.getLogger(__name__)


@task(inlets=[READINGS])
def plan_windows() -> list[list[str]]:
    """The windows that hold a month made from something else; none skips the engines."""
    context = get_current_context()
    run = run_of(context, READINGS)
    lost = healing.heal_archive(run.settings, run.as_of)
    windows = archive.windows_to_build(run, lost)
    inputs = archive.inputs_of(run.settings, windows)
    state.fetch_inputs(run.settings, [*chain(*inputs), *release.inputs(run, lost)])
    if not windows:  # the last plan stays: a group that is cleared still finds what to do
        log.info("windows to aggregate: none, the archive is up to date")
        skip_groups(context, timeseries_service(run.settings).name, "aggregate")
    log.info(
        "windows to aggregate: %s",
        ", ".join(
            f"{window.building.building_id} {window.months[0]} to {window.months[-1]}"
            for window in windows
        ),
    )
    write_windows_plan(run.settings, windows, inputs, run.as_of, run.registry.not_aggregated)
    planned = [list(window.months) for window in windows]
    if timeseries_engine(run.settings) is None:
        log.info("TIMESERIES_ENGINE is duckdb, which dbt runs: no container is started")
        skip_groups(context, timeseries_service(run.settings).name, result=planned)
    return planned


@task(inlets=[READINGS])
def aggregate_in_engine(started: dict[str, Any] | None) -> str:
    """Compute the windows in the engine of TIMESERIES_ENGINE and skip DuckDB; if the engine cannot,
    let DuckDB do it.
    """
    context = get_current_context()
    settings = run_of(context, READINGS).settings
    engine = timeseries_engine(settings)
    assert engine is not None  # for `duckdb` `plan_windows` skips this
    try:
        version = engine.aggregate(settings, server(settings, engine, started))
    except EngineUnavailable as error:
        log.warning("%s; DuckDB computes instead", error)
        record_engine(settings, "duckdb", instead_of=str(error))
        return "duckdb"
    log.info("aggregated in %s", version)
    record_engine(settings, version)
    skip_groups(context, "aggregate")


@task(inlets=[READINGS], trigger_rule="none_failed")
def merge_archive(planned: list[list[str]] | None) -> list[str]:
    """Split the engine's results into months and archive those that changed; none if nothing was
    planned.
    """
    if not planned:
        log.info("nothing to archive: no window was planned")
        return []
    run = run_of(get_current_context(), READINGS)
    changed = archive.merge(run, archive.windows_planned(run))
    log.info("archived months of aggregates that are new or changed: %d", len(changed))
    return [f"{unit.grain} {unit.building_id} {unit.month}" for unit in changed]
