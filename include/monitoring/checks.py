"""Looks for what is wrong with readings: one SQL file a check, all over one building's window.

Each check is a pure function of readings, seeds and `as_of`. It gives episodes: a series, a stretch of time, whether it
is an error, and the evidence. What belongs to one cause is put together afterwards (causes.py).
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from include import files
from include.engines.scratch_database import for_each, scratch_database
from include.monitoring.rules import SQL_CHECKS, Rules
from include.publishing.readings import read_manifest
from include.registry import Registry
from include.registry.rows import Building
from include.settings import Settings

SQL = Path(__file__).parent
# Episodes of one series closer than this are one: a fault flickers before it ends.
FLICKER_HOURS = 24


@dataclass(frozen=True)
class Episode:
    """One series (or sensor, or source: then the rest is empty) and the time in which something is wrong with it."""

    check: str
    building_id: str
    source: str
    sensor_id: str
    location: str
    measurement: str
    since: datetime
    until: datetime
    is_error: bool
    evidence: str


def run_checks(
    database: duckdb.DuckDBPyConnection,
    rules: Rules,
    building: Building,
    start: datetime,
    as_of: datetime,
) -> list[Episode]:
    """All episodes in the tables `hours`, `days`, `sensors` and `measurements` of the database.

    `hours`: as include/monitoring/sensor_hours.sql gives them; `days`: as the model metric_sensor_day; `sensors`: building_id,
    source, sensor_id, location, is_expected (to write at `as_of`) and max_null_pct of every mapped sensor; `measurements`: measurement, unit, scale.
    """
    for name, value in {**rules.parameters, "timezone": building.timezone, "start": start, "as_of": as_of}.items():
        database.execute(f"set variable {name} = $value", {"value": value})
    database.execute(files.read_source(SQL / "common.sql"))
    for check in SQL_CHECKS:
        database.execute(f"create or replace temp table findings_of_{check} as {files.read_source(SQL / f'checks/{check}.sql')}")
    union = " union all by name ".join(f"select '{check}' as check, * from findings_of_{check}" for check in SQL_CHECKS)
    database.execute(f"create or replace temp table found as {union}")
    rows = database.execute(files.read_source(SQL / "episodes.sql"), {"flicker": FLICKER_HOURS}).fetchall()
    return [Episode(*row) for row in rows]


def examine(settings: Settings, registry: Registry, rules: Rules, building: Building, months: list[str], start: datetime, as_of: datetime) -> list[Episode]:
    """All episodes in a building's months that reach beyond `start`."""
    if not months:
        return []
    with scratch_database(settings) as database:
        hours = for_each(database, months, lambda cursor, month: str(_hours_of(cursor, settings, building.building_id, month)))
        database.execute("set threads = 2")
        days = [str(settings.paths.month_of_metric("metric_sensor_day", building.building_id, month)) for month in months]
        database.execute("create temp table hours as select * from read_parquet($hours) where first_at < $as_of", {"hours": hours, "as_of": as_of})
        database.execute(
            "create temp table days as select * from read_parquet($days) where (local_date + 1)::timestamp at time zone $timezone <= $as_of",
            {"days": days, "timezone": building.timezone, "as_of": as_of},
        )
        database.execute("create temp table measurements (measurement varchar, unit varchar, scale varchar)")
        database.executemany("insert into measurements values (?, ?, ?)", [(row.measurement, row.unit, row.scale) for row in registry.measurements])
        database.execute(
            "create temp table sensors (building_id varchar, source varchar, sensor_id varchar, location varchar, is_expected boolean, max_null_pct double)"
        )
        if sensors := mapped_sensors(registry, building, as_of):
            database.executemany("insert into sensors values (?, ?, ?, ?, ?, ?)", sensors)
        return [episode for episode in run_checks(database, rules, building, start, as_of) if episode.until >= start]


def mapped_sensors(registry: Registry, building: Building, as_of: datetime) -> list[tuple[str, str, str, str, bool, float]]:
    """Building, source, sensor, its newest public location, whether a mapping of it holds at `as_of`, and max_null_pct of its datasource."""
    today = as_of.astimezone(ZoneInfo(building.timezone)).date()
    public = {row.location: row.public_location for row in registry.locations if row.building_id == building.building_id}
    sources = {
        source.datasource_id: registry.mappings_of(source)[0].source_name
        for source in registry.active_datasources
        if source.building_id == building.building_id
    }
    sensors: dict[tuple[str, str], tuple[str, bool, float]] = {}
    for row in sorted(registry.sensor_mappings, key=lambda row: row.valid_from or date.min):
        if row.disposition == "mapped" and row.datasource_id in sources:
            key = (sources[row.datasource_id], row.sensor_id)
            holds = (row.valid_from or date.min) <= today < (row.valid_to or date.max)
            sensors[key] = (
                public.get(row.location, row.location),
                holds or sensors.get(key, ("", False))[1],
                registry.datasource(row.datasource_id).max_null_pct,
            )
    return [(building.building_id, *sensor, *facts) for sensor, facts in sorted(sensors.items())]


def _hours_of(database: duckdb.DuckDBPyConnection, settings: Settings, building_id: str, month: str) -> Path:
    """A month of readings by sensor and hour; made once for each version of the month, in scratch."""
    digest = read_manifest(settings)[building_id, month].sha256
    target = settings.paths.sensor_hours(building_id, month, digest)
    if not target.exists():
        readings = settings.paths.month_of_readings(building_id, month)
        partial = target.with_suffix(".partial")
        with files.writing(target, readings.stat().st_size):
            for old in target.parent.glob(f"{building_id}.{month}.*"):
                old.unlink()
            target.parent.mkdir(parents=True, exist_ok=True)
            database.execute(
                f"copy ({files.read_source(SQL / 'sensor_hours.sql')}) to $target (format parquet)", {"readings": str(readings), "target": str(partial)}
            )
            partial.replace(target)
    return target
