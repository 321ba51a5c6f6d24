"""What the forecasts of a building know: the hours and quarters of hours of its last release."""

from pathlib import Path

import duckdb

from include.contract.tables import file_of
from include.core import files
from include.core.duckdb_session import run_statements
from include.registry import Registry
from include.registry.forecast_rows import PRESENCE, Forecast

INPUTS = files.read_source(Path(__file__).parent / "inputs.sql")
KINDS = ("series", "known", "outside", "neighbours", "foreseen")
HOUR = 3600
# A year and its seasons: what a day costs does not grow with the history. It begins with a month,
# so that models, which are named by all that they have seen, are those of the day before.
RECENT = """
create table recent as
with own as (
    select source, location, measurement, timestamp, value_mean, value_sum
    from read_parquet($path) where building_id = $building
)
select * from own
where timestamp >= (select date_trunc('month', max(timestamp)) - interval 13 months from own)
"""
PRESENT = f"""
insert into recent
select
    '{PRESENCE}', location, '{PRESENCE}', time_bucket(interval 15 minutes, timestamp),
    max(presence_flag::integer), null
from read_parquet($path) where building_id = $building and presence_flag is not null
group by all
"""
BESIDE = """
create table beside as
select own.name as location, other.name as other
from read_parquet($adjacency) as pairs
inner join read_parquet($hierarchy) as own on pairs.zone_id = own.id
inner join read_parquet($hierarchy) as other on pairs.adjacent_zone_id = other.id
"""
WEATHER = """
create table weather as
select measurement, site, issue_time, timestamp, value, is_outlier
from read_parquet($path) where building_id = $building
"""
NO_WEATHER = """
create table weather (
    measurement varchar, site varchar, issue_time timestamptz, timestamp timestamptz,
    value double, is_outlier boolean
)
"""


def load(
    database: duckdb.DuckDBPyConnection, registry: Registry, release: Path, rows: list[Forecast]
) -> int | None:
    """Make the tables that `forecast` asks for, and `series`, each for every row: `known_<row>`.

    Args:
        database: an empty one.
        registry: says which measurements are amounts.
        release: folder of a release.
        rows: of one building.

    Returns the issue in seconds since 1970: the end of the last hour that is known; None if nothing
    is.
    """
    given = {"building": rows[0].building_id}
    database.execute(RECENT, given | {"path": str(release / file_of("agg_hourly"))})
    if (presence := release / file_of("fact_presence_minute")).exists():
        database.execute(PRESENT, given | {"path": str(presence)})
    database.execute(
        BESIDE,
        {kind: str(release / file_of(kind)) for kind in ("adjacency", "hierarchy")},
    )
    weather = release / file_of("weather_clean")
    if weather.exists():
        database.execute(WEATHER, given | {"path": str(weather)})
    else:
        database.execute(NO_WEATHER)
    names = sorted({row.measurement for row in rows})
    [(last,)] = database.execute(
        "select max(epoch(timestamp) + if(measurement = $presence, 900, 3600))::bigint from recent"
        " where list_contains($names, measurement)",
        {"names": names, "presence": PRESENCE},
    ).fetchall()
    if last is None:
        return None
    end = int(last) // HOUR * HOUR
    additive = {row.measurement for row in registry.measurements if row.aggregation == "additive"}
    for row in rows:
        run_statements(
            database,
            INPUTS.replace("of_row", row.forecast_id),
            {
                "measurement": row.measurement,
                "globs": list(row.locations),
                "covariates": list(row.covariates),
                "weather": list(row.weather),
                "delay": row.weather_delay or 0,
                "seconds": row.minutes * 60,
                "is_additive": row.measurement in additive,
                "end": end,
            },
        )
    return end
