"""Values of a series as arrays: in equal steps of time with gaps where nothing was read, or by the
windows of the building's calendar.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from include.contract.tables import file_of
from include.core import files
from include.serving.api.catalogue import Published
from include.serving.api.errors import Problem
from include.serving.api.limits import seconds_left
from include.serving.api.periods import Period

HOUR = 3600
DAY = 24 * HOUR
# grain of a request → model, and at least so many seconds a window
GRAINS = {
    "1h": ("agg_hourly", HOUR),
    "1d": ("agg_daily", DAY - HOUR),
    "1w": ("agg_weekly", 7 * DAY - HOUR),
    "1M": ("agg_monthly", 28 * DAY - HOUR),
}
BATCH = 20_000  # rows
MEMORY = "256MB"

Array = npt.NDArray[Any]


@cache
def query(name: str) -> str:
    """A query of this API."""
    return files.read_source(Path(__file__).parent / f"queries/{name}.sql")


class Reader:
    """Runs queries over published Parquet: small, with one thread, and none longer than its request
    may take.
    """

    def __init__(self) -> None:
        self._database = duckdb.connect(
            config={"threads": 1, "memory_limit": MEMORY, "temp_directory": ""}
        )
        self._database.execute("set global TimeZone = 'UTC'")
        self._database.execute("set global parquet_metadata_cache = true")

    @contextmanager
    def _executing(self, sql: str, given: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
        """The result of a query. Raises duckdb.InterruptException if it takes too long."""
        with self._database.cursor() as cursor:
            timer = threading.Timer(seconds_left(), cursor.interrupt)
            timer.start()
            try:
                yield cursor.execute(sql, given)
            finally:
                timer.cancel()

    def rows(self, name: str, given: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of a query of this API that gives few."""
        return self.rows_of(query(name), given)

    def rows_of(self, sql: str, given: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of a query that is made, and gives few."""
        with self._executing(sql, given) as found:
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def batches(self, name: str, given: dict[str, Any]) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query that gives many, without a time limit."""
        with self._database.cursor() as cursor:
            found = cursor.execute(query(name), given)
            while rows := found.fetchmany(BATCH):
                yield rows

    def arrays(self, name: str, given: dict[str, Any]) -> dict[str, Array]:
        """The columns of a query; null is nan."""
        with self._executing(query(name), given) as found:
            columns = found.fetchnumpy()
        return {
            name: column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else column
            for name, column in columns.items()
        }


@dataclass(frozen=True)
class Resolution:
    """How a period is shown: `step` in seconds, of equal steps; None: by the calendar."""

    grain: str
    step: int | None

    @property
    def downsampled(self) -> dict[str, int] | None:
        """What an answer says where a step has several stored windows."""
        return {"bucket_s": self.step} if self.step and self.step > HOUR else None


def resolution(period: Period, grain: str, max_points: int) -> Resolution:
    """Hours or days, the finest of which a period has at most so many; else hours, several of them
    pooled in a step. Or the grain that was asked for.

    Raises Problem: 422, there are too many windows of the grain.
    """
    seconds = max((period.stop - period.start).total_seconds(), HOUR)
    fitting = [name for name, (_, least) in GRAINS.items() if seconds / least <= max_points]
    if grain == "auto":  # a shorter period may hold no whole day
        grain = "1d" if "1h" not in fitting and "1d" in fitting and seconds > 2 * DAY else "1h"
    if grain == "1h":
        hours = math.ceil(seconds / HOUR)
        return Resolution(grain, HOUR * math.ceil(hours / max_points))
    if grain not in fitting:
        raise Problem(
            422,
            f"the period has more than {max_points} windows of {grain}; ask for"
            f" {fitting[0] if fitting else 'a shorter period'}",
            "grain",
        )
    return Resolution(grain, None)


def values_of(
    reader: Reader,
    published: Published,
    series: dict[str, Any],
    period: Period,
    shown: Resolution,
) -> dict[str, Any]:
    """One series of an answer: `start` and `step` or `t`, in seconds since 1970, and its arrays.

    Equal steps begin at the first full hour of the period, so those of several series are the same.
    `sum` is there for additive measurements and `mean` for others. `min`, `max` and `count` are
    None where each step is one reading.
    """
    measurement = published.measurements[series["measurement"]]
    model, _ = GRAINS[shown.grain]
    columns = reader.arrays("windows", _given(published, series, period, model))
    second = columns.pop("second")
    found: dict[str, Any] = {"id": series["id"], "unit": measurement["unit"]}
    if shown.step is None:
        found["t"] = second
    else:
        start = math.ceil(period.start.timestamp() / HOUR) * HOUR
        found |= {"start": start, "step": shown.step}
        if len(second):
            columns = _spaced(columns, (second - start) // shown.step)
    kind = "sum" if measurement["aggregation"] == "additive" else "mean"
    found[kind] = columns[kind]
    single = bool(np.all((columns["count"] == 1) | np.isnan(columns["count"])))
    for name in ("min", "max", "count"):
        found[name] = None if single else columns[name]
    return found


def _given(
    published: Published, series: dict[str, Any], period: Period, model: str
) -> dict[str, Any]:
    """The parameters of a query over the windows of one series."""
    return {
        "table": str(published.path / file_of(model)),
        "building": series["building_id"],
        "source": series["source"],
        "location": series["location"],
        "measurement": series["measurement"],
        "start": period.start,
        "stop": period.stop,
    }


def _spaced(columns: dict[str, Array], slot: Array) -> dict[str, Array]:
    """Columns with a place for each slot from 0 on; windows of one slot are pooled.

    A window that is alone in its slot keeps its values to the last bit.
    """
    starts = np.flatnonzero(np.diff(slot, prepend=slot[0] - 1))
    places = slot[starts].astype(np.int64)
    size = np.diff(np.append(starts, len(slot)))
    count = np.add.reduceat(columns["count"].astype(float), starts)
    total = np.add.reduceat(columns["sum"], starts)
    pooled = {
        "mean": np.where(size == 1, columns["mean"][starts], total / count),
        "min": np.minimum.reduceat(columns["min"], starts),
        "max": np.maximum.reduceat(columns["max"], starts),
        "sum": total,
        "count": count,
    }
    found = {}
    for name, values in pooled.items():
        found[name] = np.full(int(places[-1]) + 1, np.nan)
        found[name][places] = values
    return found


def profile_of(
    reader: Reader, published: Published, series: dict[str, Any], period: Period, by: str
) -> list[dict[str, Any]]:
    """The hours of the day of a series, by `date` or by `weekday`."""
    is_added = published.measurements[series["measurement"]]["aggregation"] == "additive"
    given = _given(published, series, period, "agg_hourly")
    given |= {"zone": published.zone(series["building_id"]).key, "by_date": by == "date"}
    rows = reader.rows("profile", given)
    for row in rows:
        row.pop("mean" if is_added else "sum")
    return rows


def last_hours(reader: Reader, published: Published, building_id: str) -> list[dict[str, Any]]:
    """The last hour of each series of a building, of those that had one in the last month."""
    return reader.rows(
        "latest",
        {
            "table": str(published.path / file_of("agg_hourly")),
            "building": building_id,
            "since": published.release.as_of - timedelta(days=31),
        },
    )
