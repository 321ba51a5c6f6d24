"""The small steps of `refresh`; each calls one function of `include`."""

import logging

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from include import files, planning
from include.ingest import register
from include.ingest.landed import ensure_landed
from include.publishing import healing, readings, state, upload
from sensor_platform.assets import READINGS
from sensor_platform.run_context import as_of, platform, skip_groups

log = logging.getLogger(__name__)


@task
def restore_state() -> int:
    """Go on from the state remote if it is ahead of this machine, or if this machine's memory is damaged."""
    settings, _ = platform()
    register.begin(settings)
    healing.heal_memory(settings, as_of(get_current_context()))
    fetched = state.restore(settings)
    upload.adopt_offered(settings)
    return len(fetched)


@task(trigger_rule="all_done")
def register_files() -> dict[str, int]:
    """Write all verdicts into the ledger, in one step."""
    settings, registry = platform()
    outcome = register.register(settings, registry.active_datasources)
    return {"accepted": outcome.accepted, "problems": len(outcome.problems), "ongoing": len(outcome.ongoing)}


@task
def plan_months() -> list[str]:
    """Plan the months whose inputs changed; if there is none and the seeds are the same, the transformation is skipped."""
    context = get_current_context()
    now = as_of(context)
    settings, registry = platform(now)
    if settings.replay:  # what another replay has left was made for another day
        files.remove(settings.paths.store)
    lost = healing.heal_readings(settings, registry, now)
    months = readings.months_to_build(settings, planning.plan_readings(settings, registry, now), lost)
    ensure_landed(settings, registry, months, now)
    planning.write_readings_plan(settings, registry, months)
    if not months and readings.dimensions_are_current(settings, registry):
        skip_groups(context, "transform")
    return [month.batch for month in months]


@task(trigger_rule="none_failed", outlets=[READINGS])
def store_readings() -> dict[str, int]:
    """Check conservation, put the built months in place, save the state, and tell those who wait for readings."""
    context = get_current_context()
    now = as_of(context)
    settings, registry = platform(now)
    months = readings.months_built(settings, planning.plan_readings(settings, registry, now))
    totals = readings.store_readings(settings, months)
    readings.store_dimensions(settings, registry)
    state.push(settings)
    context["outlet_events"][READINGS].extra = {"as_of": now.isoformat(), "months": [month.batch for month in months]}
    return totals


@task(retries=0)
def report() -> None:
    """Fail if a drive could not be read or a file is refused for the first time; the rest has gone on without them."""
    settings, _ = platform()
    outcome = register.read_outcome(settings)
    assert outcome is not None
    for sentence in outcome.warnings:
        log.warning("%s", sentence)
    for sentence in outcome.ongoing:
        log.warning("still so: %s", sentence)
    if outcome.problems:
        raise AirflowFailException("\n".join(outcome.problems))
