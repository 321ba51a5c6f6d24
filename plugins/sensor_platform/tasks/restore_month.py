"""The small steps of `restore_month`; each calls one function of `include`."""

import logging

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from include.core.clock import END_OF_TIME
from include.ledger.ledger import redact
from include.planning.plan import named_months, plan_readings, versions_of
from include.planning.tables import write_readings_plan
from include.recovery.landed import ensure_landed
from include.registry import Run
from include.replication import state
from include.store import readings
from sensor_platform.assets import READINGS
from sensor_platform.run_context import as_of, platform

log = logging.getLogger(__name__)


@task
def plan_restoration() -> list[str]:
    """Plan the named months and bring their inputs here."""
    context = get_current_context()
    run = Run(*platform(), END_OF_TIME)
    months = named_months(
        plan_readings(run), context["params"]["building"], context["params"]["months"]
    )
    if lost := ensure_landed(run, versions_of(months)).lost:
        named = redact(lost, run.registry.restricted)
        raise AirflowFailException(
            "\n".join(f"{version.path}: {version.reasons[-1]}" for version in named)
        )
    write_readings_plan(run, months, carried=readings.carried(run.settings, months))
    batches = [month.batch for month in months]
    log.info(
        "months to restore: %s, from %d file versions", ", ".join(batches), len(versions_of(months))
    )
    return batches


@task(inlets=[READINGS], outlets=[READINGS])
def prove_and_store() -> dict[str, int]:
    """Put the months in place if they are what they were, to the byte."""
    context = get_current_context()
    run, params = Run(*platform(), END_OF_TIME), context["params"]
    months = named_months(plan_readings(run), params["building"], params["months"])
    readings.prove_equal(run.settings, months)
    stored = readings.store_readings(run, months)
    if stored.problems:
        raise AirflowFailException("\n".join(stored.problems))
    state.push(run.settings)
    log.info(
        "restored months: %s; readings kept: %s",
        ", ".join(month.batch for month in months),
        f"{stored.totals['kept']:,}",
    )
    context["outlet_events"][READINGS].extra = {
        "as_of": as_of(context, READINGS).isoformat(),
        "months": [month.batch for month in months],
    }
    return stored.totals
