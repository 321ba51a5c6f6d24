"""Which months are not stored as they are planned, and so have to be built."""

from collections.abc import Collection

from include.core import files
from include.core.calendar import month_start
from include.core.settings import Settings
from include.planning.plan import MonthPlan
from include.planning.tables import LAST_READINGS
from include.store.readings import READINGS, read_manifest


def months_to_build(
    settings: Settings, plans: list[MonthPlan], lost: Collection[str] = ()
) -> list[MonthPlan]:
    """The months whose readings are missing or were made from something else, and those whose batch
    is `lost`; where amounts are made, also a month before which the last readings may change.
    """
    manifest = read_manifest(settings)
    found, may_end_otherwise = [], set()
    for plan in plans:  # a building's in their order
        building_id = plan.building.building_id
        stored = manifest.get((building_id, plan.month))
        before = manifest.get((building_id, plan.before))
        carried = before.metrics.get(LAST_READINGS, "") if before else ""
        is_built = (
            plan.batch not in lost
            and stored is not None
            and (stored.fingerprint, stored.carried) == (plan.fingerprint, carried)
        )
        follows = bool(plan.before) and f"{building_id}.{plan.before}" in may_end_otherwise
        if not is_built or follows:
            found.append(plan)
        if not is_built or (follows and _is_silent(settings, plan)):
            may_end_otherwise.add(plan.batch)
    return found


def _is_silent(settings: Settings, plan: MonthPlan) -> bool:
    """Whether a series that amounts are made of has no reading in a stored month, so that what was
    before it is before the next one as well.
    """
    building_id = plan.building.building_id
    last = settings.paths.month_of_metric(LAST_READINGS, building_id, plan.month)
    if not last.exists():
        return True
    times = files.read_parquet(last)["timestamp"].to_pylist()
    start = month_start(plan.month, plan.building.timezone)
    return any(time < start for time in times)


def months_to_store(settings: Settings, planned: list[MonthPlan]) -> list[MonthPlan]:
    """The planned months that are not yet in place; all, unless the task has stored them before."""
    stale = months_to_build(settings, planned)
    return [
        plan
        for plan in planned
        if plan in stale or settings.paths.built_file(READINGS, plan.batch).exists()
    ]
