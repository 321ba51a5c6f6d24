"""What forecasts are worth: a generated year, and the real data of a release. Writes the tables of
docs/forecasts.md.

    python benchmarks/forecasts.py [FOLDER OF A FORECAST ...]
    python benchmarks/forecasts.py --cost
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.year import beside, energy, presence, weather, year  # noqa: E402
from include.forecasting.forecast import Task, forecast  # noqa: E402

HEAD = (
    "| | ahead | method | error | last value | last week | MASE | served | within 80 %"
    " | within 95 % |\n|---|---|---|---:|---:|---:|---:|---:|---:|---:|"
)
# of a table `quality` whose horizons are minutes
SUMMARY = """
with errors as (
    select *, coalesce(brier, mae) as error from quality
),
baselines as (
    select
        first_horizon,
        avg(error) filter (method = 'persistence') as persistence,
        avg(error) filter (method = 'last_week') as last_week,
        avg(coverage_80) filter (is_served) as coverage_80,
        avg(coverage_95) filter (is_served) as coverage_95
    from errors
    group by all
)
select
    first_horizon,
    last_horizon,
    method,
    avg(error),
    any_value(persistence),
    any_value(last_week),
    avg(mase),
    avg(is_served::integer),
    any_value(baselines.coverage_80),
    any_value(baselines.coverage_95)
from errors
inner join baselines using (first_horizon)
where method not in ('persistence', 'last_week')
group by all
order by all
"""


COST = [
    "| | values | time | of a processor | peak memory so far |",
    "|---|---:|---:|---:|---:|",
]


def lines(name: str, database: duckdb.DuckDBPyConnection) -> list[str]:
    """Rows of the table, from a table `quality`."""
    found = []
    for first, last, method, *figures in database.sql(SUMMARY).fetchall():
        errors = " | ".join(f"{figure:.3f}" for figure in figures[:3])
        mase = "" if figures[3] is None else f"{figures[3]:.2f}"
        shares = " | ".join("" if one is None else f"{one:.1%}" for one in figures[4:])
        found.append(
            f"| {name} | {_time(first)} to {_time(last)} | {method} | {errors} | {mase}"
            f" | {shares} |"
        )
    return found


def _time(minutes: int) -> str:
    return f"{minutes} min" if minutes < 60 else f"{minutes / 60:g} h"


def measured(name: str, given: Mapping[str, pa.Table], ahead: int, minutes: int = 60) -> list[str]:
    """The same of generated series, forecast here; adds what it took to COST.

    Args:
        name: of the row.
        given: the tables that `forecast` asks for; those that are left out are empty.
        ahead: slots.
        minutes: of a slot.
    """
    begin, used = time.monotonic(), time.process_time()
    with made(given, ahead, minutes) as database:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        COST.append(
            f"| {name} | {given['known'].num_rows:,} | {time.monotonic() - begin:.1f} s |"
            f" {time.process_time() - used:.1f} s | {peak:.2f} GiB |"
        )
        in_minutes = (
            f"first_horizon * {minutes} as first_horizon, last_horizon * {minutes} as last_horizon"
        )
        database.execute(
            f"create or replace table quality as select * replace ({in_minutes}) from quality"
        )
        return lines(name, database)


@contextmanager
def made(
    given: Mapping[str, pa.Table], ahead: int, minutes: int = 60
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the forecast of these tables."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        database.execute("set threads = 1; set memory_limit = '1GB'")
        fill(database, given)
        last = pc.max(given["known"]["slot"]).as_py()
        task = Task(ahead, 4, last, "Europe/Prague", Path(folder), minutes, minutes < 60)
        forecast(database, task)
        yield database


TABLES = {
    "known": "series bigint, slot bigint, value double",
    "outside": "name varchar, slot bigint, value double",
    "neighbours": "series bigint, other bigint",
    "foreseen": "name varchar, known_from bigint, slot bigint, value double",
}


def fill(database: duckdb.DuckDBPyConnection, given: Mapping[str, pa.Table]) -> None:
    """Make the tables that `forecast` asks for."""
    for name, columns in TABLES.items():
        database.execute(f"create table {name} ({columns})")
        if name in given:
            database.register("given", given[name])
            database.execute(f"insert into {name} by name from given")
            database.unregister("given")


def generated() -> list[str]:
    """The tables of the generated year."""
    rooms, outside = year(150)
    homes, around = energy(50)
    heated = {"known": rooms, "outside": outside}
    used = {"known": homes, "outside": around}
    return [
        *measured("presence in 40 rooms", {"known": presence(40)}, 96, 15),
        *measured("energy of 50 homes", used, 168),
        *measured("with weather forecasts", used | {"foreseen": weather(around)}, 168),
        *measured("temperature of 150 rooms", heated, 48),
        *measured("with neighbours", heated | {"neighbours": beside(150)}, 48),
    ]


def of_houses() -> list[str]:
    """One model of three houses, beside one of each: ten weeks of twelve rooms."""
    houses = [year(12, 70, seed)[0] for seed in (1, 2, 3)]
    moved = [
        house.set_column(0, "series", pc.add(house["series"], 12 * number))
        for number, house in enumerate(houses)
    ]
    with duckdb.connect() as database:
        for name, given in (("each", moved), ("together", [pa.concat_tables(moved)])):
            database.execute(
                f"create table {name} (first_horizon int, last_horizon int, mae double)"
            )
            for known in given:
                with made({"known": known}, 48) as own:
                    rows = own.sql(
                        "select first_horizon * 60, last_horizon * 60, mae from quality"
                        " where method = 'lightgbm'"
                    ).fetchall()
                database.executemany(f"insert into {name} values (?, ?, ?)", rows)
        found = database.sql(
            "select first_horizon, last_horizon, avg(each.mae), avg(together.mae) from each"
            " inner join together using (first_horizon, last_horizon) group by all order by all"
        ).fetchall()
    return [
        f"| {_time(first)} to {_time(last)} | {each:.3f} | {together:.3f} |"
        for first, last, each, together in found
    ]


def of_release(folder: Path) -> list[str]:
    """The table of a forecast that was issued."""
    with duckdb.connect() as database:
        rows = database.read_parquet(str(folder / "forecast_quality.parquet"))
        rows.create_view("all_rows")
        names = database.sql("select distinct forecast_id from all_rows order by 1").fetchall()
        found = []
        for (name,) in names:
            database.execute(
                "create or replace table quality as select * exclude (model), model as method"
                f" from all_rows where forecast_id = '{name}'"
            )
            found += lines(name, database)
        return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, help="forecasts that were issued")
    parser.add_argument("--cost", action="store_true", help="only what it takes")
    chosen = parser.parse_args()
    tables = ["\n".join([HEAD, *generated()]), "\n".join(COST)]
    if chosen.cost:
        print(tables[1])
        return
    houses = "\n".join(["| ahead | a model each | one of all |\n|---|---:|---:|", *of_houses()])
    issued = ["\n".join([HEAD, *of_release(folder)]) for folder in chosen.folders]
    print("\n\n".join([*tables, houses, *issued]))


if __name__ == "__main__":
    main()
