"""Which buildings a run reads: those without a schedule, and those whose schedule has come since
they were read.

findings/read.json says as of when each was read to the end. It is this machine's alone: where it is
lost, all are read.
"""

from collections.abc import Iterable
from datetime import datetime

from croniter import croniter

from include.core import files
from include.ingest.register import is_gated
from include.registry import Run
from include.registry.rows import Building, Datasource

READ = "read.json"


def why_not_due(building: Building, last: str | None, as_of: datetime) -> str:
    """Why a run as of that time does not read a building; empty if it does.

    `last`: as of when it was read to the end, in ISO format; None if it never was.
    """
    if not building.schedule or last is None:
        return ""
    clock = croniter(building.schedule, datetime.fromisoformat(last))
    following: datetime = clock.get_next(datetime)
    if following <= as_of:
        return ""
    return f"{building.building_id} is read by its schedule, next at {following:%Y-%m-%d %H:%M} UTC"


def left_out(run: Run, only: str = "") -> dict[str, str]:
    """The active datasources that the run does not read, each with the reason.

    Args:
        run: of all buildings.
        only: the building that it was asked for, whatever its schedule; empty: all.
    """
    active = run.registry.active_datasources
    if only:
        others = (row.datasource_id for row in active if row.building_id != only)
        return {name: f"{name}: this run reads {only} alone" for name in others}
    last = files.read_or(run.settings.paths.findings / READ, {})
    waiting = {
        building.building_id: why_not_due(building, last.get(building.building_id), run.as_of)
        for building in run.registry.active_buildings
    }
    return {row.datasource_id: why for row in active if (why := waiting[row.building_id])}


def remember_read(run: Run, datasources: Iterable[Datasource]) -> None:
    """Write down which buildings with a schedule were read to the end."""
    read: dict[str, bool] = {}
    for row in datasources:
        if run.registry.building(row.building_id).schedule:
            read[row.building_id] = read.get(row.building_id, True) and is_gated(run.settings, row)
    now = {name: run.as_of.isoformat() for name, is_whole in read.items() if is_whole}
    path = run.settings.paths.findings / READ
    if now and not run.settings.replay:
        files.write_json(path, files.read_or(path, {}) | now)
