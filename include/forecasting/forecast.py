"""A forecast of hourly series: a pure function of what was known when it is issued.

Models are trained up to the beginning of a week, so the one that is served is the last of those
that were compared: each saw nothing of the hours that it is compared over.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from include.core import files
from include.core.duckdb_session import for_each, run_statements
from include.forecasting.model import Model, is_available

WEEK, DAY = 168, 24
BANDS = ((1, 1), (2, 3), (4, 6), (7, 12), (13, 24), (25, 48), (49, 96), (97, 168))
COMPARED = (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 72, 96, 132, 168)  # horizons of training
STEP = 11  # hours between the issues that are compared: each hour of the day is among them
MOST_CASES = 100_000  # that a model learns from: three times as many are 1 % better
LEAST_HOURS = 4 * WEEK  # of history before a model is trained
HERE = Path(__file__).parent
POINTS, CASES, QUALITY, EXPECTED = (
    files.read_source(HERE / f"{name}.sql") for name in ("points", "cases", "quality", "expected")
)
TRIED = pa.schema(
    [
        *((name, pa.int64()) for name in ("series", "hour", "horizon")),
        *((name, pa.float64()) for name in ("actual", "lightgbm", "persistence", "last_week")),
        ("week", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Task:
    """What is forecast.

    Attributes:
        hours: how far ahead.
        weeks: of the past that methods are compared over.
        last: the last hour that is known, since 1970; its end is the issue.
        zone: the building's, for hours of the day.
        models: folder in which models are kept.
    """

    hours: int
    weeks: int
    last: int
    zone: str
    models: Path

    @property
    def horizons(self) -> list[int]:
        """Those that models learn and are compared at."""
        return [horizon for horizon in COMPARED if horizon <= self.hours]


def forecast(database: duckdb.DuckDBPyConnection, task: Task) -> None:
    """Make the tables `expected` and `quality`.

    Args:
        database: with `known` (series, hour, value) and `outside` (name, hour, value), where hours
            are counted since 1970; none is later than `task.last`.
        task: how.

    `expected`: series, horizon, method, value, width_80, width_95, baseline, baseline_value.
    `quality`: a row for each series, band of horizons and method.
    """
    [(first,)] = database.sql("select min(hour) from known").fetchall()
    last = task.last
    run_statements(database, POINTS, {"last_hour": last, "zone": task.zone, "hours": task.hours})
    _make(database, "bands", pa.table(_bands(task)))
    weeks = list(_weeks(task, first, last))
    models = _models(database, task, {begin // WEEK * WEEK for begin, _ in [*weeks, (last, last)]})
    tried = [
        _tried(database, task, models[begin // WEEK * WEEK], (begin, end), number)
        for number, (begin, end) in enumerate(weeks, 1)
    ]
    _make(database, "tried", pa.concat_tables([TRIED.empty_table(), *tried]))
    run_statements(database, QUALITY, {"start": weeks[0][0] if weeks else last})
    model = models[last // WEEK * WEEK]
    every_horizon = list(range(1, task.hours + 1))
    _make(database, "said", _said(_cases(database, f"hour = {last}", every_horizon), model))
    run_statements(database, EXPECTED, {})


def _bands(task: Task) -> dict[str, list[int]]:
    found = [(low, min(high, task.hours)) for low, high in BANDS if low <= task.hours]
    return {
        "first_horizon": [low for low, _ in found],
        "last_horizon": [high for _, high in found],
    }


def _weeks(task: Task, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Begin and end of the weeks over which methods are compared, counted since 1970; of a short
    history the last third.
    """
    earliest = max(first + DAY, last - task.weeks * WEEK, first + 2 * (last - first) // 3)
    begin = earliest // WEEK * WEEK
    while begin < last:
        yield max(begin, first + DAY), min(begin + WEEK, last)
        begin += WEEK


def _models(
    database: duckdb.DuckDBPyConnection, task: Task, begins: set[int]
) -> dict[int, Model | None]:
    """By the hour before which they were trained, two at a time: each has one thread."""
    ordered = sorted(begins)
    found = for_each(database, ordered, lambda cursor, begin: _model(cursor, task, begin))
    return dict(zip(ordered, found, strict=True))


def _tried(
    database: duckdb.DuckDBPyConnection,
    task: Task,
    model: Model | None,
    week: tuple[int, int],
    number: int,
) -> pa.Table:
    """What each method would have said in a week."""
    begin, end = week
    chosen = f"hour >= {begin} and hour < {end} and (hour - {begin}) % {STEP} = 0"
    said = _said(_cases(database, chosen, task.horizons), model)
    return said.append_column("week", pa.array([number] * said.num_rows, pa.int64())).cast(TRIED)


def _said(cases: pa.Table, model: Model | None) -> pa.Table:
    """What each method says in some cases."""
    last = cases["last"]
    methods = {
        "lightgbm": (
            pa.array(model.predict(cases))
            if model and cases.num_rows
            else pa.nulls(cases.num_rows, pa.float64())
        ),
        "persistence": last,
        "last_week": pc.add(last, cases["week_slot"]),
    }
    kept = {name: cases[name] for name in ("series", "hour", "horizon", "actual")}
    return pa.table(kept | methods)


def _model(database: duckdb.DuckDBPyConnection, task: Task, begin: int) -> Model | None:
    """The model that knows the hours before `begin`; None if they are too few."""
    [(first, values)] = database.execute(
        "select min(hour), count(value) from hours where hour < $1", [begin]
    ).fetchall()
    if not values or begin - first < LEAST_HOURS or not is_available():
        return None
    step = 1 + values * len(task.horizons) // MOST_CASES

    def cases() -> pa.Table:
        chosen = f"hour < {begin} and (hour + 5 * series) % {step} = 0"
        known = f"actual is not null and hour + horizon < {begin}"
        return _cases(database, chosen, task.horizons, known)

    inputs = hashlib.sha256(f"{POINTS} {CASES} {task.horizons} {task.zone} {begin}".encode())
    for query in (
        f"select series, hour, ifnull(value, 'nan') from hours where hour < {begin} order by all",
        f"select hash(name), hour, value from outside where hour < {begin} order by all",
    ):
        for column in database.sql(query).fetchnumpy().values():
            inputs.update(column.tobytes())
    return Model.of(cases, inputs.hexdigest(), task.models)


def _cases(
    database: duckdb.DuckDBPyConnection, chosen: str, horizons: list[int], where: str = "true"
) -> pa.Table:
    """The cases of the points that are chosen, with the covariates as they were at the issue."""
    found = database.sql("select distinct name from outside order by name").fetchall()
    names = [name for (name,) in found]
    joined = "".join(
        f" left join covariates as c{n} on cases.hour = c{n}.hour and c{n}.name = '{name}'"
        for n, name in enumerate(names)
    )
    columns = "".join(
        f", c{n}.value as outside_{n}, c{n}.day_mean as outside_day_{n}" for n in range(len(names))
    )
    return database.sql(
        f"with issues as (select series, hour from points where {chosen}),"
        f" horizons as (select unnest({horizons}) as horizon), cases as ({CASES})"
        f" select cases.*{columns} from (select * from cases where {where}) as cases{joined}"
        " order by cases.series, cases.hour, cases.horizon"
    ).to_arrow_table()


def _make(database: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    database.register("given", table)
    database.execute(f"create or replace table {name} as select * from given")
    database.unregister("given")
