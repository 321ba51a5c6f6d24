"""A forecast of series: a pure function of what was known when it is issued.

Models are trained up to the beginning of a week, so the one that is served is the last of those
that were compared: each saw nothing of the slots that it is compared over.
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

BANDS = ((1, 1), (2, 3), (4, 6), (7, 12), (13, 24), (25, 48), (49, 96), (97, 168))
COMPARED = (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 72, 96, 132, 168)  # horizons of training
STEP = 11  # slots between the issues that are compared: each time of the day is among them
MOST_CASES = 50_000  # that a model learns from: twice as many are no better
LEAST_WEEKS = 4  # of history before a model is trained
MODEL, NEIGHBOURS = "lightgbm", "lightgbm_neighbours"
BASELINES = {
    "persistence": "the last value, if it is not older than a day",
    "last_week": "the value of that time of last week",
}
MODELS = {
    MODEL: "one model of all series: lags, usual values of that time, local time, covariates",
    NEIGHBOURS: "the same, with the last values of the zones beside",
}
HERE = Path(__file__).parent
POINTS, CASES, QUALITY, EXPECTED = (
    files.read_source(HERE / f"{name}.sql") for name in ("points", "cases", "quality", "expected")
)
Models = dict[str, Model | None]  # by method


@dataclass(frozen=True)
class Task:
    """What is forecast.

    Attributes:
        ahead: how many slots.
        weeks: of the past that methods are compared over.
        last: the last slot that is known, since 1970; its end is the issue.
        zone: the building's, for hours of the day.
        models: folder in which models are kept.
        minutes: length of a slot.
        is_presence: whether values are 0 and 1, and the probability of 1 is forecast.
    """

    ahead: int
    weeks: int
    last: int
    zone: str
    models: Path
    minutes: int = 60
    is_presence: bool = False

    @property
    def day(self) -> int:
        """Slots of a day."""
        return 24 * 60 // self.minutes

    @property
    def week(self) -> int:
        """Slots of a week."""
        return 7 * self.day

    @property
    def horizons(self) -> list[int]:
        """Those that models learn and are compared at."""
        return [horizon for horizon in COMPARED if horizon <= self.ahead]


def forecast(database: duckdb.DuckDBPyConnection, task: Task) -> None:
    """Make the tables `expected` and `quality`.

    Args:
        database: with `known` (series, slot, value), `outside` (name, slot, value), where slots are
            counted since 1970 and none is later than `task.last`; `neighbours` (series, other); and
            `foreseen` (name, known_from, slot, value), forecasts of others by the slot at whose end
            they came.
        task: how.

    `expected`: series, horizon, method, value, width_80, width_95, baseline, baseline_value.
    `quality`: a row for each series, band of horizons and method.
    `methods`: name, is_baseline, description, trained_on (the hash of the model that is served).
    """
    [(first,)] = database.sql("select min(slot) from known").fetchall()
    last, week = task.last, task.week
    given = {
        "last_slot": last,
        "zone": task.zone,
        "ahead": task.ahead,
        "seconds": task.minutes * 60,
        "day": task.day,
        "week": week,
        "is_presence": task.is_presence,
    }
    run_statements(database, POINTS, given)
    _make(database, "bands", pa.table(_bands(task)))
    weeks = list(_weeks(task, first, last))
    begins = {begin // week * week for begin, _ in [*weeks, (last, last)]}
    models = _models(database, task, begins)
    tried = [
        _tried(database, task, models[begin // week * week], (begin, end), number)
        for number, (begin, end) in enumerate(weeks, 1)
    ]
    latest = models[last // week * week]
    _make(database, "methods", _methods(latest))
    said = _said(_cases(database, task, f"slot = {last}", list(range(1, task.ahead + 1))), latest)
    _make(database, "tried", pa.concat_tables([_numbered(said.slice(0, 0), 0), *tried]))
    run_statements(database, QUALITY, given | {"start": weeks[0][0] if weeks else last})
    _make(database, "said", said)
    run_statements(database, EXPECTED, {})


def _methods(models: Models) -> pa.Table:
    """All methods: name, is_baseline, description, trained_on."""
    described = BASELINES | {name: MODELS[name] for name in models}
    return pa.table(
        {
            "name": list(described),
            "is_baseline": [name in BASELINES for name in described],
            "description": list(described.values()),
            "trained_on": pa.array(
                [model.trained_on if (model := models.get(name)) else None for name in described],
                pa.string(),
            ),
        }
    )


def _bands(task: Task) -> dict[str, list[int]]:
    found = [(low, min(high, task.ahead)) for low, high in BANDS if low <= task.ahead]
    return {
        "first_horizon": [low for low, _ in found],
        "last_horizon": [high for _, high in found],
    }


def _weeks(task: Task, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Begin and end of the weeks over which methods are compared, counted since 1970; of a short
    history the last third.
    """
    week = task.week
    earliest = max(first + task.day, last - task.weeks * week, first + 2 * (last - first) // 3)
    begin = earliest // week * week
    while begin < last:
        yield max(begin, first + task.day), min(begin + week, last)
        begin += week


def _models(database: duckdb.DuckDBPyConnection, task: Task, begins: set[int]) -> dict[int, Models]:
    """By the slot before which they were trained, two at a time: each has one thread."""
    [(neighbours,)] = database.sql("select count(*) from neighbours").fetchall()
    methods = [MODEL, NEIGHBOURS] if neighbours else [MODEL]
    wanted = [(begin, method) for begin in sorted(begins) for method in methods]
    found = for_each(database, wanted, lambda cursor, one: _model(cursor, task, *one))
    models: dict[int, Models] = {begin: {} for begin in begins}
    for (begin, method), model in zip(wanted, found, strict=True):
        models[begin][method] = model
    return models


def _tried(
    database: duckdb.DuckDBPyConnection,
    task: Task,
    models: Models,
    week: tuple[int, int],
    number: int,
) -> pa.Table:
    """What each method would have said in a week."""
    begin, end = week
    chosen = f"slot >= {begin} and slot < {end} and (slot - {begin}) % {STEP} = 0"
    return _numbered(_said(_cases(database, task, chosen, task.horizons), models), number)


def _numbered(said: pa.Table, week: int) -> pa.Table:
    return said.append_column("week", pa.array([week] * said.num_rows, pa.int64()))


def _said(cases: pa.Table, models: Models) -> pa.Table:
    """What each method says in some cases."""
    last = cases["last"]
    learned = {
        name: (
            pa.array(model.predict(cases))
            if model and cases.num_rows
            else pa.nulls(cases.num_rows, pa.float64())
        )
        for name, model in models.items()
    }
    naive = {"persistence": last, "last_week": pc.add(last, cases["week_slot"])}
    kept = {name: cases[name] for name in ("series", "slot", "horizon", "actual")}
    return pa.table(kept | naive | learned)


def _model(
    database: duckdb.DuckDBPyConnection, task: Task, begin: int, method: str
) -> Model | None:
    """The model that knows the slots before `begin`; None if they are too few."""
    [(first, values)] = database.execute(
        "select min(slot), count(value) from slots where slot < $1", [begin]
    ).fetchall()
    if not values or begin - first < LEAST_WEEKS * task.week or not is_available():
        return None
    step = 1 + values * len(task.horizons) // MOST_CASES

    def cases() -> pa.Table:
        chosen = f"slot < {begin} and (slot + 5 * series) % {step} = 0"
        known = f"actual is not null and slot + horizon < {begin}"
        found = _cases(database, task, chosen, task.horizons, known)
        without = [] if method == NEIGHBOURS else _of_neighbours(found)
        return found.drop_columns(without)

    facts = f"{POINTS} {CASES} {task.horizons} {task.zone} {task.minutes} {begin} {method}"
    inputs = hashlib.sha256(facts.encode())
    for query in (
        f"select series, slot, ifnull(value, 'nan') from slots where slot < {begin} order by all",
        f"select hash(name), slot, value from outside where slot < {begin} order by all",
        f"select hash(name), known_from, slot, value from foreseen where known_from < {begin}"
        " order by all",
        "from neighbours order by all",
    ):
        for column in database.sql(query).fetchnumpy().values():
            inputs.update(column.tobytes())
    return Model.of(cases, inputs.hexdigest(), task.models, is_presence=task.is_presence)


def _of_neighbours(cases: pa.Table) -> list[str]:
    return [name for name in cases.column_names if name.startswith("near_")]


def _cases(
    database: duckdb.DuckDBPyConnection,
    task: Task,
    chosen: str,
    horizons: list[int],
    where: str = "true",
) -> pa.Table:
    """The cases of the points that are chosen, with the covariates as they were at the issue."""
    columns, joined = "", ""
    for n, name in enumerate(_names(database, "outside")):
        columns += f", o{n}.value as outside_{n}, o{n}.day_mean as outside_day_{n}"
        of_name = f"(from covariates where name = '{name}') as o{n}"
        joined += f" left join {of_name} on cases.slot = o{n}.slot"
    for n, name in enumerate(_names(database, "foreseen")):
        columns += f", f{n}.value as foreseen_{n}, f{n}.value - now{n}.value as foreseen_change_{n}"
        for alias, slot in ((f"f{n}", "cases.slot + cases.horizon"), (f"now{n}", "cases.slot")):
            joined += (
                f" asof left join (from foreseen where name = '{name}') as {alias}"
                f" on {slot} = {alias}.slot and cases.slot >= {alias}.known_from"
            )
    return database.sql(
        f"with issues as (select series, slot from points where {chosen}),"
        f" horizons as (select unnest({horizons}) as horizon), cases as ({CASES})"
        f" select cases.*{columns} from (select * from cases where {where}) as cases{joined}"
        " order by cases.series, cases.slot, cases.horizon",
        params={"day": task.day, "week": task.week},
    ).to_arrow_table()


def _names(database: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    found = database.sql(f"select distinct name from {table} order by name").fetchall()
    return [name for (name,) in found]


def _make(database: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    database.register("given", table)
    database.execute(f"create or replace table {name} as select * from given")
    database.unregister("given")
