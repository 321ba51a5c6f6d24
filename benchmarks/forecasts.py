"""What forecasts are worth: a generated year, and the real data of a release. Writes the tables of
docs/forecasts.md.

    python -m benchmarks.forecasts [FOLDER OF A FORECAST]
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.year import energy, year
from include.forecasting.forecast import Task, forecast

HEAD = (
    "| | hours ahead | MAE | last value | last week | MASE | served | within 80 % | within 95 % |\n"
    "|---|---|---:|---:|---:|---:|---:|---:|---:|"
)
SUMMARY = """
select
    first_horizon,
    last_horizon,
    avg(mae) filter (method = 'lightgbm') as model,
    avg(mae) filter (method = 'persistence') as persistence,
    avg(mae) filter (method = 'last_week') as last_week,
    avg(mase) filter (method = 'lightgbm') as mase,
    avg(is_served::integer) filter (method = 'lightgbm') as served,
    avg(coverage_80) filter (is_served) as coverage_80,
    avg(coverage_95) filter (is_served) as coverage_95
from quality
group by all
order by all
"""


def lines(name: str, database: duckdb.DuckDBPyConnection) -> list[str]:
    """Rows of the table, from a table `quality`."""
    found = []
    for first, last, *figures in database.sql(SUMMARY).fetchall():
        model, persistence, week, mase, served, at_80, at_95 = figures
        found.append(
            f"| {name} | {first} to {last} | {model:.3f} | {persistence:.3f} | {week:.3f} |"
            f" {mase:.2f} | {served:.0%} | {at_80:.1%} | {at_95:.1%} |"
        )
    return found


def measured(name: str, tables: tuple[pa.Table, pa.Table], hours: int = 48) -> list[str]:
    """The same of generated series, forecast here; prints what it took."""
    known, outside = tables
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        database.execute("set threads = 1; set memory_limit = '1GB'")
        database.register("given_known", known)
        database.register("given_outside", outside)
        database.execute("create table known as from given_known")
        database.execute("create table outside as from given_outside")
        begin, used = time.monotonic(), time.process_time()
        last = pc.max(known["hour"]).as_py()
        forecast(database, Task(hours, 4, last, "Europe/Prague", Path(folder)))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{name}: {known.num_rows:,} hours, {time.monotonic() - begin:.1f} s,"
            f" {time.process_time() - used:.1f} s of a processor, {peak:.2f} GiB",
            file=sys.stderr,
        )
        return lines(name, database)


def main() -> None:
    """Print the tables."""
    print(HEAD)
    for line in measured("temperature of 150 rooms", year(150)):
        print(line)
    for line in measured("energy of 50 homes", energy(50)):
        print(line)
    for folder in sys.argv[1:]:
        with duckdb.connect() as database:
            database.read_parquet(f"{folder}/forecast_quality.parquet").create_view("all_rows")
            for (name,) in database.sql(
                "select distinct forecast_id from all_rows order by 1"
            ).fetchall():
                database.execute(
                    "create or replace table quality as select * exclude (model), model as method"
                    f" from all_rows where forecast_id = '{name}'"
                )
                for line in lines(name, database):
                    print(line)


if __name__ == "__main__":
    main()
