"""DuckDB in memory, for reading Parquet: nothing in it outlives the call."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import duckdb

from include.core.settings import Settings

Item = TypeVar("Item")
Made = TypeVar("Made")

# The instant at which a day of a building's calendar is over: only days with end_of_day(…) <= as_of
# are published or checked.
END_OF_DAY = (
    "create macro end_of_day(local_date, zone) as (local_date + 1)::timestamp at time zone zone"
)


@contextlib.contextmanager
def scratch_database(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection bounded in memory, in UTC, that spills into the run's scratch folder.

    One thread: with several, equal rows can come out as different Parquet bytes
    (docs/decisions/0011-one-writer.md).
    """
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "temp_directory": str(settings.paths.work / "spill"),
        "threads": 1,
    }
    connection = duckdb.connect(config=options)
    try:
        connection.execute("set global TimeZone = 'UTC'")
        connection.execute(END_OF_DAY)
        yield connection
    finally:
        connection.close()


def run_statements(
    database: duckdb.DuckDBPyConnection, sql: str, given: Mapping[str, object]
) -> None:
    """Run the statements of a file, each with those of the values that it names."""
    for statement in sql.split(";\n"):
        used = {name: value for name, value in given.items() if f"${name}" in statement}
        database.execute(statement, used)


def for_each(
    database: duckdb.DuckDBPyConnection,
    items: Iterable[Item],
    work: Callable[[duckdb.DuckDBPyConnection, Item], Made],
) -> list[Made]:
    """`work` for each item, two at a time, each with a cursor of its own: a query has one thread,
    so that its bytes are the same.
    """
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda item: work(database.cursor(), item), items))
