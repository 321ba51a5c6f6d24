"""Steps of counters: python benchmarks/amounts.py [--counters 583].

A month of counters that are read every minute, 583 of them 26 million readings: the models of
amounts over it, as dbt runs them on DuckDB, beside a plain copy of the same readings.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import jinja2

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from include.planning.tables import CARRIED  # noqa: E402

MINUTES = 31 * 24 * 60
SEEDS = """
create table datasource_mappings as select 'd' as datasource_id, 'Meter' as source_name,
    'energy_total' as measurement, '10' as gap_minutes, '4000' as max_per_hour;
create table sensor_mappings as select 'd' as datasource_id, null::varchar as measurement;
create table datasources_config as select 'd' as datasource_id, 'b' as building_id;
create table measurements as select 'energy_total' as measurement, 'W.h' as unit,
    'counter' as kind, 'energy_metered' as amount, 1.0 as amount_scale
"""
READINGS = """
select timestamptz '2026-03-01 00:00Z' + interval 1 minute * minute as timestamp,
    'b' as building_id, 'Meter' as source, 'L' || meter % 50 as location,
    'S' || lpad(meter::varchar, 4, '0') as sensor_id, 'energy_total' as measurement,
    (minute * 3 + hash(minute * 1000 + meter) % 3)::double + meter * 1000 as value, 'ok' as quality,
    (1 + minute // 1440)::integer as source_file, minute::integer as source_line
from range({counters}) as a (meter), range({minutes}) as b (minute) order by meter, minute
"""
WRITTEN = "(format parquet, compression zstd, dictionary_size_limit 4096, write_bloom_filter false)"


def sql_of(model: str, **names: Any) -> str:
    """A model as dbt gives it to DuckDB, over tables of these names."""
    dbt = PROJECT / "include/dbt"
    macros = (dbt / f"macros/{name}.sql" for name in ("amounts", "metrics", "facts"))
    (path,) = (dbt / "models").rglob(f"{model}.sql")
    text = "".join(path.read_text() for path in (*macros, path))
    stubs = {
        "ref": str,
        "plan": str,
        "config": lambda **_: "",
        "data_dir": str,
        "literal": "'{}'".format,
    }
    return jinja2.Environment().from_string(text).render(stubs | names)


def as_dbt_does(folder: str) -> duckdb.DuckDBPyConnection:
    """A database with the settings of include/dbt/profiles.yml, which spills into a folder."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "1GB",
        "temp_directory": folder,
        "disabled_optimizers": "join_order,build_side_probe_side",
    }
    database = duckdb.connect(config=config)
    database.execute("set timezone = 'UTC'")
    return database


def main() -> None:
    """Print the seconds of each model and of the copy, and the peak memory, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counters", type=int, default=583)
    counters = parser.parse_args().counters
    with tempfile.TemporaryDirectory() as folder:
        database = as_dbt_does(folder)
        database.execute(SEEDS)
        database.register("nothing", CARRIED.empty_table())
        database.execute(f"copy nothing to '{folder}/nothing.parquet' (format parquet)")
        rows = READINGS.format(counters=counters, minutes=MINUTES)
        database.execute(f"copy ({rows}) to '{folder}/readings.parquet' {WRITTEN}")
        database.execute(
            f"""
            set variable building_id = 'b'; set variable carried = '{folder}/nothing.parquet';
            set variable start = timestamptz '2026-03-01 00:00Z'; set variable block_seconds = 3600;
            set variable stop = timestamptz '2026-04-01 00:00Z'
            """
        )
        readings = f"read_parquet('{folder}/readings.parquet')"
        seconds = {}

        def timed(name: str, *statements: str) -> None:
            begun = time.monotonic()
            for statement in statements:
                database.execute(statement)
            seconds[name] = round(time.monotonic() - begun, 1)

        names = ("building_id", "source", "location", "sensor_id", "measurement")
        enums = (
            f"create type {name}_enum as enum (select distinct {name} from {readings} order by all)"
            for name in names
        )
        last, amounts = (
            sql_of(model, batch_of=lambda _, **__: readings)
            for model in ("int_last_readings", "fct_amounts")
        )
        timed("copy", "set threads = 1", f"copy (from {readings}) to '{folder}/copy' {WRITTEN}")
        timed(
            "int_last_readings",
            *enums,
            "reset threads",
            f"copy ({last}) to '{folder}/last' {WRITTEN}",
        )
        timed(
            "fct_amounts",
            *enums,
            "set threads = 1",
            f"copy ({amounts}) to '{folder}/amounts' {WRITTEN}",
        )
        ((steps,),) = database.execute(
            f"select count(*) from read_parquet('{folder}/amounts')"
        ).fetchall()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        found = {"readings": counters * MINUTES, "steps": steps, **seconds, "peak_mib": peak}
        sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
