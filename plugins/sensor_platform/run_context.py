"""The parameters of a run: its `as_of`, and the checks it may skip."""

from datetime import datetime
from typing import Any, NoReturn

from airflow.sdk import Asset, Param
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped

from include.core.clock import AS_OF_PATTERN, checked_as_of, is_future, parse_as_of
from include.core.errors import ConfigurationError
from include.core.settings import Settings
from include.ingest.judge import SkippedChecks
from include.ingest.validate import SKIPPABLE
from include.registry import Registry, Run, registry_of
from include.release.release import settings_at
from include.replication.remotes import check_remotes

AS_OF_PARAM = Param(
    None,
    type=["null", "string"],
    pattern=AS_OF_PATTERN,
    title="As of",
    description=(
        "What 'now' means, such as 2026-03-01 or 2026-03-01T06:00Z (UTC). Empty: the triggering"
        " event's, else AS_OF, else the time of the run."
    ),
)
BUILDING_PARAM = Param(
    None,
    type=["null", "string"],
    title="Building",
    description="Only this one, by its building_id; empty: all. Releases that hold others wait.",
)
PLACE_PARAM = Param(
    None,  # no default: Airflow's form then demands a value, and its API refuses a run without one
    type="string",
    minLength=1,
    title="Place",
    description="The id of a node of building_hierarchy.csv; all below it belongs to it.",
)
# Airflow's form requires a value where `null` is no type, offers `examples` of an array to choose
# from, and sends null for no choice.
SKIP_PARAMS = {
    "skip_checks": Param(
        [],
        type=["array", "null"],
        items={"type": "string", "enum": sorted(SKIPPABLE)},
        examples=sorted(SKIPPABLE),
        title="Checks to skip",
        description="Only for this run; needs a reason, which is written to the lineage.",
    ),
    "skip_reason": Param(None, type=["null", "string"], title="Why they may be skipped"),
}


def as_of(context: Any, asset: Asset | None = None) -> datetime:
    """What "now" means for this run: the parameter, else the triggering event, else AS_OF, else the
    newest event, else the run's time.

    `triggering_asset_events` is empty in manual runs and in `dag.test`, so the newest event is read
    as well. An as_of in the future fails the task without another try, whoever gave it.
    """
    try:
        return checked_as_of(_as_of(context, asset))
    except ConfigurationError as error:
        raise AirflowFailException(str(error)) from error


def _as_of(context: Any, asset: Asset | None) -> str:
    if text := context["params"].get("as_of"):
        return str(text)
    for events in (context.get("triggering_asset_events") or {}).values():
        if text := events[-1].extra.get("as_of"):
            return str(text)
    if text := Settings.from_environment().as_of:
        return text
    if asset is not None and len(events := context["inlet_events"][asset]):
        text = events[-1].extra.get("as_of")
        if text and not is_future(
            parse_as_of(text)
        ):  # Airflow remembers the event of a run that an earlier version has let through
            return str(text)
    dag_run = context["dag_run"]
    return str((dag_run.logical_date or dag_run.run_after).isoformat())


def skipped_checks(context: Any) -> SkippedChecks:
    """The checks that this run's parameters skip."""
    params = context["params"]
    return SkippedChecks(tuple(params.get("skip_checks") or ()), params.get("skip_reason") or "")


def skip_groups(context: Any, *group_ids: str, result: Any = None) -> NoReturn:
    """End this task well, with its result, and skip whole groups behind it at once, rather than
    level by level.
    """
    if result is not None:
        context["ti"].xcom_push("return_value", result)
    behind = context["task"].get_flat_relatives(upstream=False)
    raise DownstreamTasksSkipped(
        tasks=sorted(task.task_id for task in behind if task.task_id.split(".")[0] in group_ids)
    )


def run_of(context: Any, asset: Asset | None = None) -> Run:
    """The run that a task belongs to; its settings are those of a replay if a newer release exists.

    Read again by every task: the seeds may have been corrected since the one before.

    Args:
        context: the task's, as Airflow gives it.
        asset: whose newest event says what "now" means if nothing else does; see `as_of`.

    Raises:
        AirflowFailException: `as_of` is none, or is in the future.
        PlatformError: the seeds or the remotes are wrong.
    """
    run = whole_run(context, asset)
    chosen = building_of(context, run.registry)
    return run.only([chosen]) if chosen else run


def whole_run(context: Any, asset: Asset | None = None) -> Run:
    """The same, of all buildings, whatever the parameter `building` says."""
    now = as_of(context, asset)
    settings, registry = platform()
    return Run(settings_at(settings, now), registry, now)


def building_of(context: Any, registry: Registry) -> str:
    """The only building that a run has to do with; empty: all.

    Raises AirflowFailException if there is no such building.
    """
    name = str(context["params"].get("building") or "")
    if name:
        try:
            registry.check_building(name)
        except ConfigurationError as error:  # another try would not find it either
            raise AirflowFailException(str(error)) from error
    return name


def platform() -> tuple[Settings, Registry]:
    """Settings, never those of a replay, and checked seeds; cheap, read again by every task."""
    settings = Settings.from_environment()
    registry = registry_of(settings)
    registry.check_locations(settings.state_remote, settings.publish_remote)
    check_remotes(settings)
    return settings, registry
