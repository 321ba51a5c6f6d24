"""Looks for what is wrong with readings: one SQL file a check, all over one building's window.

Each check is a pure function of readings, seeds and `as_of`. It gives episodes: a series, a stretch
of time, whether it is an error, and the evidence. What belongs to one cause is put together
afterwards (causes.py).
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from include.core import files
from include.core.calendar import day_start, month_start
from include.core.duckdb_session import for_each, scratch_database
from include.monitoring.rules import SQL_CHECKS, Rules
from include.registry import Registry, Run
from include.registry.rows import Building
from include.replication.state import fetch_inputs
from include.store.readings import READINGS, Month
from include.store.store import Store

SQL = Path(__file__).parent
# Episodes of one series closer than this are one: a fault flickers before it ends.
FLICKER_HOURS = 24
MONTHS_AT_ONCE = 12  # in the search for the last reading of a sensor


@dataclass(frozen=True)
class Episode:
    """One series (or sensor, or source: then the rest is empty) and the time in which something is
    wrong with it.
    """

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
    """All episodes in the tables `hours`, `days`, `heard`, `sensors` and `measurements` of the
    database.

    `hours`: as include/monitoring/sensor_hours.sql gives them; `days`: as sensor_days.sql does;
    `heard`: source, sensor_id and last_at, however long ago; `sensors`: building_id, source,
    sensor_id, location, expected_since (null if no mapping of it is valid at `as_of`) and
    max_null_pct of every mapped sensor; `measurements`: measurement, unit, scale.
    """
    for name, value in {
        **rules.parameters,
        "timezone": building.timezone,
        "start": start,
        "as_of": as_of,
    }.items():
        database.execute(f"set variable {name} = $value", {"value": value})
    database.execute(files.read_source(SQL / "common.sql"))
    for check in SQL_CHECKS:
        database.execute(
            f"create or replace temp table findings_of_{check} as"
            f" {files.read_source(SQL / f'checks/{check}.sql')}"
        )
    union = " union all by name ".join(
        f"select '{check}' as check, * from findings_of_{check}" for check in SQL_CHECKS
    )
    database.execute(f"create or replace temp table found as {union}")
    rows = database.execute(
        files.read_source(SQL / "episodes.sql"), {"flicker": FLICKER_HOURS}
    ).fetchall()
    return [Episode(*row) for row in rows]


def examine(
    run: Run, rules: Rules, building: Building, months: list[str], start: datetime
) -> list[Episode]:
    """All episodes in a building's months that reach beyond `start`."""
    if not months:  # nothing was ever heard of this building
        return []
    with scratch_database(run.settings) as database:
        store = Store(run.settings.seeing([building.building_id]))
        watched = [(building.building_id, month) for month in months]
        hours = for_each(
            database, watched, lambda cursor, month: str(_hours_of(cursor, store, month))
        )
        database.execute("set threads = 2")
        days = [str(file.path) for file in store.of_months("metric_sensor_day", watched)]
        database.execute(
            "create temp table hours as select * from read_parquet($hours) where first_at < $as_of",
            {"hours": hours, "as_of": run.as_of},
        )
        database.execute(
            f"create temp table days as {files.read_source(SQL / 'sensor_days.sql')}",
            {"days": days, "timezone": building.timezone, "as_of": run.as_of},
        )
        database.execute(
            "create temp table measurements (measurement varchar, unit varchar, scale varchar)"
        )
        database.executemany(
            "insert into measurements values (?, ?, ?)",
            [(row.measurement, row.unit, row.scale) for row in run.registry.measurements],
        )
        database.execute(
            "create temp table sensors (building_id varchar, source varchar, sensor_id varchar,"
            " location varchar, expected_since timestamptz, max_null_pct double)"
        )
        stored = store.months(building.building_id)
        if sensors := mapped_sensors(
            run.registry, building, run.as_of, month_start(stored[0], building.timezone)
        ):
            database.executemany("insert into sensors values (?, ?, ?, ?, ?, ?)", sensors)
        older = [(building.building_id, month) for month in stored if month < months[0]]
        _find_last_readings(database, store, older[::-1])
        return [
            episode
            for episode in run_checks(database, rules, building, start, run.as_of)
            if episode.until >= start
        ]


def _find_last_readings(
    database: duckdb.DuckDBPyConnection, store: Store, older: list[Month]
) -> None:
    """Make the table `heard`.

    Older months are read, newest first, only while an expected sensor was not heard of.
    """
    database.execute(
        "create temp table heard as select source, sensor_id, max(last_at) as last_at from hours"
        " group by all"
    )
    missing = (
        "select 1 from sensors anti join heard using (source, sensor_id) where expected_since is"
        " not null limit 1"
    )
    for number in range(0, len(older), MONTHS_AT_ONCE):
        if not database.execute(missing).fetchall():
            return
        read = store.of_months("metric_sensor_day", older[number : number + MONTHS_AT_ONCE])
        days = [file.path for file in read]
        fetch_inputs(store.settings, days)
        database.execute(
            "insert into heard select source, sensor_id, max(last_timestamp) from"
            " read_parquet($days) anti join heard using (source, sensor_id) where last_timestamp is"
            " not null group by all",
            {"days": [str(day) for day in days]},
        )


def mapped_sensors(
    registry: Registry, building: Building, as_of: datetime, beginning: datetime
) -> list[tuple[str, str, str, str, datetime | None, float]]:
    """Building, source, sensor, its newest public location, since when it is expected to write, and
    max_null_pct of its datasource.

    A sensor is expected while a mapping of it is valid and its datasource is active: since the
    mapping's first day, or since the building's `beginning`.
    """
    today = as_of.astimezone(ZoneInfo(building.timezone)).date()
    sources = {
        source.datasource_id: first.source_name
        for source in registry.active_datasources
        if source.building_id == building.building_id
        for first in registry.mappings_of(source)[:1]  # of tables there is none
    }
    sensors: dict[tuple[str, str], tuple[str, datetime | None, float]] = {}
    for row in sorted(registry.sensor_mappings, key=lambda row: row.valid_from or date.min):
        if row.disposition == "mapped" and row.datasource_id in sources:
            key = (sources[row.datasource_id], row.sensor_id)
            _, since, _ = sensors.get(key, ("", None, 0.0))
            if since is None and (row.valid_from or date.min) <= today < (row.valid_to or date.max):
                since = (
                    day_start(row.valid_from, building.timezone) if row.valid_from else beginning
                )
            sensors[key] = (
                registry.public_location(building.building_id, row.location),
                since,
                registry.datasource(row.datasource_id).max_null_pct,
            )
    return [(building.building_id, *sensor, *facts) for sensor, facts in sorted(sensors.items())]


def _hours_of(database: duckdb.DuckDBPyConnection, store: Store, month: Month) -> Path:
    """A month of readings by sensor and hour; made once for each version of the month, in
    scratch.
    """
    readings = store.month(month)[READINGS]
    target = store.settings.paths.sensor_hours(*month, readings.sha256)
    if not target.exists():
        partial = target.with_suffix(".partial")
        with files.writing(target, readings.path.stat().st_size):
            for old in target.parent.glob(f"{'.'.join(month)}.*"):
                old.unlink()
            target.parent.mkdir(parents=True, exist_ok=True)
            database.execute(
                f"copy ({files.read_source(SQL / 'sensor_hours.sql')}) to $target (format parquet)",
                {"readings": str(readings.path), "target": str(partial)},
            )
            partial.replace(target)
    return target
