"""The small steps of `refresh`; each calls one function of `include`."""

import logging

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from include.core import files
from include.ingest import register
from include.ingest.due import left_out, remember_read
from include.ledger.ledger import STATE_FORMAT
from include.planning.plan import MonthPlan, plan_readings, versions_of
from include.planning.tables import read_readings_plan, write_readings_plan
from include.recovery import healing
from include.recovery.landed import ensure_landed
from include.recovery.migration import migrate, split_by_building
from include.registry import Run
from include.registry.hierarchy import wrong_rows
from include.release import upload
from include.release.publications import publication_runs
from include.replication import state
from include.replication.remotes import remember_remotes
from include.store import readings, stale
from sensor_platform.assets import READINGS
from sensor_platform.run_context import (
    as_of,
    building_of,
    platform,
    run_of,
    skip_groups,
    whole_run,
)

log = logging.getLogger(__name__)


@task
def restore_state() -> int:
    """Go on from the state remote if it is ahead of this machine, or if this machine's memory is
    damaged.
    """
    now = as_of(get_current_context())
    settings, registry = platform()
    remember_remotes(settings)
    register.begin(settings)
    was_split = split_by_building(settings)
    healing.heal_memory(settings, now)
    fetched = state.restore(settings)
    if (read_again := migrate(Run(settings, registry, now))) or was_split:
        register.note(
            settings,
            f"State brought to format {STATE_FORMAT}: {read_again:,} file versions were read again,"
            " all months are built again",
        )
    for publication in publication_runs(Run(settings, registry, now)):
        upload.adopt_offered(publication.settings)
    log.info("as of %s; files fetched from the state remote: %d", now.isoformat(), len(fetched))
    return len(fetched)


@task(trigger_rule="all_done")
def register_files() -> dict[str, int]:
    """Write all verdicts into the ledger, in one step, and note which buildings a wrong seed row
    has kept out.
    """
    context = get_current_context()
    run = run_of(context)
    not_read = left_out(whole_run(context), building_of(context, run.registry.of_all))
    read = [row for row in run.registry.active_datasources if row.datasource_id not in not_read]
    outcome = register.register(
        run.settings,
        read,
        run.registry.withdrawn(run.as_of),
        wrong_rows(run.registry),
        run.registry.restricted,
        not_read,
    )
    remember_read(run, read)
    log.info(
        "new file versions accepted: %d; problems: %d; still refused: %d",
        outcome.accepted,
        len(outcome.problems),
        len(outcome.ongoing),
    )
    return {
        "accepted": outcome.accepted,
        "problems": len(outcome.problems),
        "ongoing": len(outcome.ongoing),
    }


@task
def plan_months() -> list[str]:
    """Plan the months whose inputs changed; if there is none and the seeds are the same, the
    transformation is skipped.
    """
    context = get_current_context()
    run = run_of(context)
    if run.settings.replay:  # what another replay has left was made for another day
        files.remove(run.settings.paths.store)
    planned, months = plan_what_is_readable(run, healing.heal_readings(run))
    log.info(
        "months to build: %s",
        ", ".join(month.batch for month in months) or "none, inputs and models are unchanged",
    )
    dropped = readings.months_to_drop(run, planned)
    write_readings_plan(run, months, dropped, readings.carried(run.settings, months))
    if not months and readings.dimensions_are_current(run):
        skip_groups(context, "transform")
    return [month.batch for month in months]


def plan_what_is_readable(run: Run, damaged: list[str]) -> tuple[list[MonthPlan], list[MonthPlan]]:
    """All months, and those to build, with their inputs landed.

    A version of which no copy is left is given up and reported, and no month is made from it.
    """
    while True:
        planned = plan_readings(run)
        months = stale.months_to_build(run.settings, planned, damaged)
        found = ensure_landed(run, versions_of(months), register.just_landed(run))
        if not found.lost:
            return planned, months
        register.give_up(run.settings, found.lost, run.registry.restricted)


@task(trigger_rule="none_failed", outlets=[READINGS])
def store_readings() -> dict[str, int]:
    """Check conservation, put the built months in place, save the state, update the asset
    `readings`.
    """
    context = get_current_context()
    run = run_of(context)
    plan = read_readings_plan(run)
    months = stale.months_to_store(run.settings, plan.months)
    stored = readings.store_readings(run, months)
    register.add_problems(run.settings, stored.problems, stored.kept)
    dropped = readings.drop_months(run.settings, plan.dropped)
    readings.store_dimensions(run.settings, plan)
    state.push(run.settings)
    log.info(
        "months stored: %d, dropped: %d; their readings: %s",
        len(months),
        len(dropped),
        stored.totals or "none",
    )
    context["outlet_events"][READINGS].extra = {
        "as_of": run.as_of.isoformat(),
        "months": [*(month.batch for month in months), *dropped],
    }
    return stored.totals


@task(retries=0, trigger_rule="all_done")
def report(stored: dict[str, int] | None) -> None:
    """Fail if a step before has failed, a drive could not be read, or a file is refused for the
    first time.
    """
    settings, _ = platform()
    outcome = register.read_outcome(settings)
    if outcome is None:
        raise AirflowFailException(
            "the drives were not read to the end: the tasks before this one say why"
        )
    for sentence in outcome.notes:
        log.info("%s", sentence)
    for sentence in outcome.warnings:
        log.warning("%s", sentence)
    for sentence in outcome.ongoing:
        log.warning("still so: %s", sentence)
    if stored is None:
        raise AirflowFailException(
            "\n".join(
                [
                    "the readings were not stored: the red task before this one says why",
                    *outcome.problems,
                ]
            )
        )
    log.info(
        "new file versions accepted: %d; problems: %d", outcome.accepted, len(outcome.problems)
    )
    if outcome.problems:
        raise AirflowFailException("\n".join(outcome.problems))
