"""DuckDB in memory, for looking at Parquet: nothing in it outlives the call."""

import contextlib
from collections.abc import Iterator

import duckdb

from include.settings import Settings

PARQUET = "format parquet, compression zstd, parquet_version v2, row_group_size 122880"


@contextlib.contextmanager
def scratch_database(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection bounded in memory, in UTC, that spills into the run's scratch folder.

    One thread: with several, equal rows can come out as different Parquet bytes (docs/decisions/0011-one-writer.md).
    """
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "temp_directory": str(settings.paths.work / "spill"),
        "threads": 1,
    }
    connection = duckdb.connect(config=options)
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()
