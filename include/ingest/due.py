"""Which buildings a run reads: those without a schedule, and those whose schedule has come since
they were read.

findings/read.json says as of when each was read to the end. It is this machine's alone: where it is
lost, all are read.
"""

from datetime import datetime

from croniter import croniter

from include.core import files
from include.core.settings import Settings
from include.ingest.register import is_gated
from include.registry import Run
from include.registry.rows import Building, Datasource

READ = "read.json"


def why_not_due(settings: Settings, building: Building, as_of: datetime) -> str:
    """Why a run as of that time does not read a building; empty if it does."""
    last = files.read_or(settings.paths.findings / READ, {}).get(building.building_id)
    if not building.schedule or last is None:
        return ""
    following: datetime = croniter(building.schedule, datetime.fromisoformat(last)).get_next(
        datetime
    )
    if following <= as_of:
        return ""
    return f"{building.building_id} is read by its schedule, next at {following:%Y-%m-%d %H:%M} UTC"


def datasources_to_read(run: Run, *, whatever_schedule: bool) -> list[Datasource]:
    """The datasources that the run reads."""
    due = {
        building.building_id
        for building in run.registry.active_buildings
        if whatever_schedule or not why_not_due(run.settings, building, run.as_of)
    }
    return [row for row in run.registry.active_datasources if row.building_id in due]


def remember_read(run: Run, datasources: list[Datasource]) -> None:
    """Write down which buildings with a schedule were read to the end."""
    path = run.settings.paths.findings / READ
    unread = {row.building_id for row in datasources if not is_gated(run.settings, row)}
    read = {
        building.building_id: run.as_of.isoformat()
        for building in run.registry.active_buildings
        if building.schedule
        and building.building_id in {row.building_id for row in datasources} - unread
    }
    if read and not run.settings.replay:
        files.write_json(path, {**files.read_or(path, {}), **read})
