"""Values of a series as arrays: in equal steps of time with gaps where nothing was read, or by the
windows of the building's calendar.
"""

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
from include.serving.api.periods import Period

HOUR = 3600
# grain of a request → model, and at least so many seconds a window
GRAINS = {
    "1h": ("agg_hourly", HOUR),
    "1d": ("agg_daily", 23 * HOUR),
    "1w": ("agg_weekly", 7 * 24 * HOUR - HOUR),
    "1M": ("agg_monthly", 28 * 24 * HOUR),
}
MOST_SECONDS = 2.0  # of a query
MEMORY = "128MB"

Array = npt.NDArray[Any]


@cache
def query(name: str) -> str:
    """A query of this API."""
    return files.read_source(Path(__file__).parent / f"queries/{name}.sql")


class Reader:
    """Runs queries over published Parquet: small, with one thread, and none longer than some
    seconds.
    """

    def __init__(self) -> None:
        self._database = duckdb.connect(
            config={"threads": 1, "memory_limit": MEMORY, "temp_directory": ""}
        )
        self._database.execute("set global TimeZone = 'UTC'")
        self._database.execute("set global parquet_metadata_cache = true")

    @contextmanager
    def running(self, name: str, given: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
        """The result of a query. Raises duckdb.InterruptException if it takes too long."""
        with self._database.cursor() as cursor:
            timer = threading.Timer(MOST_SECONDS, cursor.interrupt)
            timer.start()
            try:
                yield cursor.execute(query(name), given)
            finally:
                timer.cancel()

    def rows(self, name: str, given: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of a query that gives few."""
        with self.running(name, given) as found:
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def arrays(self, name: str, given: dict[str, Any]) -> dict[str, Array]:
        """The columns of a query; null is nan."""
        with self.running(name, given) as found:
            columns = found.fetchnumpy()
        return {
            name: column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else column
            for name, column in columns.items()
        }


@dataclass(frozen=True)
class View:
    """How a period is shown: `step` in seconds, of equal steps; None: by the calendar."""

    grain: str
    step: int | None

    @property
    def is_pooled(self) -> bool:
        """Whether a step has several stored windows."""
        return self.step is not None and self.step > HOUR


def choose_view(period: Period, covered: Period, grain: str, max_points: int) -> View:
    """The finest grain of which there are at most so many windows; or hours, pooled, where hours
    were asked for.

    Args:
        period: what was asked for.
        covered: from the first to the last hour that there is.
        grain: one of GRAINS, or auto.
        max_points: how many windows, at most.

    Raises:
        Problem: 422, there are too many windows of the grain.
    """
    start, stop = max(period.start, covered.start), min(period.stop, covered.stop)
    seconds = max((stop - start).total_seconds(), HOUR)
    fitting = [name for name, (_, least) in GRAINS.items() if seconds / least <= max_points]
    if grain == "auto":
        grain = fitting[0] if fitting else "1M"
    if grain == "1h":
        steps = max(1, -(-int(seconds) // HOUR // max_points))
        while -(-int(seconds) // (HOUR * steps)) > max_points:
            steps += 1
        return View(grain, HOUR * steps)
    if grain not in fitting:
        raise Problem(
            422,
            f"the period has more than {max_points} windows of {grain}; ask for"
            f" {fitting[0] if fitting else 'a shorter period'}",
            "grain",
        )
    return View(grain, None)


def values_of(
    reader: Reader, published: Published, series: dict[str, Any], period: Period, view: View
) -> dict[str, Any]:
    """One series of an answer: `start` and `step` or `t`, in seconds since 1970, and its arrays.

    `sum` is there for additive measurements and `mean` for others. `min`, `max` and `count` are
    None where each step is one reading.
    """
    measurement = published.measurements[series["measurement"]]
    model, _ = GRAINS[view.grain]
    columns = reader.arrays(
        "windows",
        {
            "table": str(published.path / file_of(model)),
            "building": series["building_id"],
            "source": series["source"],
            "location": series["location"],
            "measurement": series["measurement"],
            "start": period.start,
            "stop": period.stop,
        },
    )
    second = columns.pop("second")
    found: dict[str, Any] = {"id": series["id"], "unit": measurement["unit"]}
    if view.step is None:
        found["t"] = second
    elif len(second):
        first = int(second[0] // HOUR) * HOUR
        found |= {"start": first, "step": view.step}
        columns = _spaced(columns, (second - first) // view.step)
    else:
        found |= {"start": int(period.start.timestamp()), "step": view.step}
    is_added = measurement["aggregation"] == "additive"
    found["sum" if is_added else "mean"] = columns["sum" if is_added else "mean"]
    single = bool(np.all((columns["count"] == 1) | np.isnan(columns["count"])))
    for name in ("min", "max", "count"):
        found[name] = None if single else columns[name]
    return found


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
    rows = reader.rows(
        "profile",
        {
            "table": str(published.path / file_of("agg_hourly")),
            "building": series["building_id"],
            "source": series["source"],
            "location": series["location"],
            "measurement": series["measurement"],
            "start": period.start,
            "stop": period.stop,
            "zone": published.zone(series["building_id"]).key,
            "by_date": by == "date",
        },
    )
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
