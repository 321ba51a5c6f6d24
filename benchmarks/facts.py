"""Facts of apartments: python benchmarks/facts.py [--rooms 16].

A month of rooms that send fourteen values a minute, 16 of them 10 million values: the models of
facts over it, as dbt runs them on DuckDB, beside a plain copy of the same readings.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from benchmarks.amounts import MINUTES, WRITTEN, as_dbt_does, sql_of  # noqa: E402
from include.planning.facts import FACT_COLUMNS, TARIFFS  # noqa: E402

# kind of device, measurement, fact, column, kind of measurement
SENT = [
    ("plug", "power", "energy", "power_w", "rate"),
    ("plug", "energy_total", "energy", "energy_kwh", "counter"),
    ("plug", "temp_device", "", "", "gauge"),
    ("meteo", "temp_indoor", "environment", "temperature_c", "gauge"),
    ("meteo", "humidity_indoor", "environment", "humidity_pct", "gauge"),
    ("meteo", "co2", "environment", "co2_ppm", "gauge"),
    ("meteo", "sound_level", "environment", "noise_db", "gauge"),
    ("meteo", "air_pressure", "environment", "pressure_hpa", "gauge"),
    ("meteo", "battery", "device_health", "battery_pct", "gauge"),
    ("window", "window_open", "environment", "window_open_flag", "state"),
    ("door", "door_open", "environment", "door_open_flag", "state"),
    ("door", "battery_door", "device_health", "battery_pct", "gauge"),
    ("motion", "motion", "presence", "motion_count", "event"),
    ("motion", "illuminance", "", "", "gauge"),
]
READINGS = """
select timestamptz '2026-03-01 00:00Z' + interval 1 minute * minute as timestamp,
    'b' as building_id, 'S' as source, 'A/R' || lpad(room::varchar, 3, '0') as location,
    location || '/' || device || '/0' as sensor_id, measurement,
    case measurement when 'energy_total' then minute * 2.0
        when 'motion' then (hash(minute + room) % 20 = 0)::double
        when 'window_open' then (hash(minute // 60 + room) % 9 = 0)::double
        when 'door_open' then (hash(minute // 7 + room) % 3 = 0)::double
        else (hash(minute * 1000 + room) % 4000)::double / 100 end as value,
    if(hash(minute + room * 7) % 500 = 0, 'outlier', 'ok') as quality,
    (1 + minute // 1440)::integer as source_file, minute::integer as source_line
from range({rooms}) as a (room), sent, range({minutes}) as b (minute)
order by location, sensor_id, measurement, minute
"""
AMOUNTS = """
select timestamp, building_id, source, location, sensor_id, 'energy_metered' as measurement,
    2.0 as value, 'ok' as quality, source_file, source_line
from readings where measurement = 'energy_total'
"""
# those of minutes come before their roll-ups
ORDER = [
    "fact_energy_minute",
    "fact_environment_minute",
    "fact_presence_minute",
    "fact_device_health_day",
    "fact_weather_hour",
    *(
        f"fact_{fact}_{by}"
        for fact in ("energy", "environment", "presence")
        for by in ("hour", "day")
    ),
    "fact_weather_day",
]


def plan(database: duckdb.DuckDBPyConnection) -> None:
    """The tables that dbt reads beside the readings."""
    names = ("device", "measurement", "fact", "column", "kind")
    sent = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in SENT])
    database.register("sent", sent.select(["device", "measurement"]))
    rows = [
        {
            "building_id": "b",
            "fact": fact,
            "column": column,
            "measurement": measurement,
            "unit": "1",
            "kind": kind,
            "amount": "energy_metered" if kind == "counter" else None,
            "scale": 1.0,
            "offset": 0.0,
            "amount_scale": 0.001,
        }
        for _, measurement, fact, column, kind in SENT
        if fact
    ]
    database.register("fact_columns", pa.Table.from_pylist(rows, schema=FACT_COLUMNS))
    tariff = {
        "building_id": "b",
        "provider": "P",
        "valid_from": date(2026, 1, 1),
        "valid_to": date.max,
        "weekdays": [1, 2, 3, 4, 5, 6, 7],
        "from_minute": 0,
        "to_minute": 1440,
        "chf_per_kwh": 0.34,
    }
    database.register("tariffs", pa.Table.from_pylist([tariff], schema=TARIFFS))
    database.execute(
        """
        create table landing_files as
        select unnest(range(1, 40)) as file_number, 'd' as datasource_id, 'b' as building_id;
        create table datasources_config as select 'd' as datasource_id, '1' as interval_minutes;
        create table fct_rejected_readings as
        select timestamp, location, sensor_id, source, 'unparsable' as reason
        from read_parquet(getvariable('readings')) limit 100;
        set variable building_id = 'b'; set variable timezone = 'Europe/Zurich';
        set variable start = timestamptz '2026-02-28 23:00Z';
        set variable stop = timestamptz '2026-03-31 22:00Z'
        """
    )


def main() -> None:
    """Print the seconds of each fact and of the copy, and the peak memory, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=16)
    rooms = parser.parse_args().rooms
    with tempfile.TemporaryDirectory() as folder:
        database = as_dbt_does(folder)
        database.execute(f"set variable readings = '{folder}/readings.parquet'")
        names = [{"device": device, "measurement": name} for device, name, *_ in SENT]
        database.register("sent", pa.Table.from_pylist(names))
        made = READINGS.format(rooms=rooms, minutes=MINUTES)
        database.execute(f"copy ({made}) to '{folder}/readings.parquet' {WRITTEN}")
        database.execute(f"create view readings as from '{folder}/readings.parquet'")
        database.execute(f"copy ({AMOUNTS}) to '{folder}/amounts.parquet' {WRITTEN}")
        database.execute(f"set variable amounts = '{folder}/amounts.parquet'")
        plan(database)
        tables = {
            "fct_sensor_readings": f"read_parquet('{folder}/readings.parquet')",
            "fct_rejected_readings": "fct_rejected_readings",
            **{name: f"read_parquet('{folder}/{name}.parquet')" for name in ORDER},
        }
        seconds = {}
        begun = time.monotonic()
        database.execute("set threads = 1")
        database.execute(f"copy (from readings) to '{folder}/copy.parquet' {WRITTEN}")
        database.execute("reset threads")
        seconds["copy"] = round(time.monotonic() - begun, 1)
        for name in ORDER:
            query = sql_of(name, batch_of=lambda relation, **_: tables[relation])
            begun = time.monotonic()
            database.execute(f"create or replace temp table built as {query}")
            database.execute("set threads = 1")
            database.execute(f"copy built to '{folder}/{name}.parquet' {WRITTEN}")
            database.execute("reset threads; drop table built")
            seconds[name] = round(time.monotonic() - begun, 1)
        ((values,),) = database.execute("select count(*) from readings").fetchall()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        facts = round(sum(taken for name, taken in seconds.items() if name != "copy"), 1)
        found = {"values": values, **seconds, "facts": facts, "peak_mib": peak}
        sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
