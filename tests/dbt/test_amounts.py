"""Amounts of random readings, by the models themselves, month by month."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.amounts import sql_of
from include.planning.tables import CARRIED

ENUMS = {"building_id": ["b"], "source": ["Meter"], "location": ["L"], "sensor_id": ["S"]}
ZONE = ZoneInfo("Europe/Prague")  # its clock changes on 29 March and on 25 October
MONTHS = [datetime(2026, month, 1, tzinfo=ZONE) for month in (2, 3, 4, 5)]
GAP, MOST, HOUR = timedelta(minutes=90), 40.0, timedelta(hours=1)
SERIES = {"m3_total": "counter", "flow": "rate", "open": "state", "motion": "event"}
SEEDS = f"""
create table datasource_mappings as select 'd' as datasource_id, 'Meter' as source_name,
    unnest({list(SERIES)}) as measurement, '90' as gap_minutes, '{MOST}' as max_per_hour;
create table sensor_mappings as select 'd' as datasource_id, null::varchar as measurement;
create table datasources_config as select 'd' as datasource_id, 'b' as building_id;
create table measurements as select unnest({list(SERIES)}) as measurement, 'u' as unit,
    unnest({list(SERIES.values())}) as kind,
    unnest({[f"{name}_amount" for name in SERIES]}) as amount,
    unnest([1, 1.0 / 3600, 1.0 / 60, 1]) as amount_scale;
"""


MODELS = {
    model: sql_of(model, batch_of=lambda relation, **_: relation)
    for model in ("int_last_readings", "fct_amounts")
}


@dataclass(frozen=True)
class Reading:
    measurement: str
    at: datetime
    value: float


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'; set threads = 1")
        connection.execute(SEEDS)
        for name, texts in {**ENUMS, "measurement": list(SERIES)}.items():
            connection.execute(f"create type {name}_enum as enum ({str(texts)[1:-1]})")
        folder = tmp_path_factory.mktemp("carried")
        connection.execute(f"set variable folder = '{folder}'")
        connection.register("nothing", CARRIED.empty_table())
        connection.execute(f"copy nothing to '{folder}/nothing.parquet' (format parquet)")
        yield connection


Amount = tuple[datetime, str, float, str, str, float]


def amounts_of(database: duckdb.DuckDBPyConnection, readings: list[Reading]) -> list[list[Amount]]:
    """The amounts of each month, which is built from its own readings and the last ones before."""
    (folder,) = database.execute("select getvariable('folder')").fetchall()[0]
    carried, found = Path(folder) / "nothing.parquet", []
    for number, (start, stop) in enumerate(pairwise(MONTHS)):
        own = [one for one in readings if start <= one.at < stop]
        table = pa.table(
            {
                "timestamp": pa.array([one.at for one in own], pa.timestamp("us", "UTC")),
                "measurement": pa.array([one.measurement for one in own], pa.string()),
                "value": pa.array([one.value for one in own], pa.float64()),
            }
        )
        database.register("own", table)
        database.execute(
            """create or replace table fct_sensor_readings as select *, 'Meter' as source,
            'L' as location, 'S' as sensor_id,
            if(value < 0 and measurement = 'm3_total', 'outlier', 'ok') as quality,
            1 as source_file, 1 as source_line from own order by measurement, timestamp"""
        )
        bound = {
            "building_id": "b",
            "carried": str(carried),
            "start": start,
            "stop": stop,
            "block_seconds": 3600,
        }
        for name, value in bound.items():
            database.execute(f"set variable {name} = $value", {"value": value})
        rows = database.execute(
            f"""select timestamp, measurement, value, quality, method, seconds
            from ({MODELS["fct_amounts"]})"""
        ).fetchall()
        found.append(sorted(rows))
        carried = Path(folder) / f"{number}.parquet"
        database.execute(f"copy ({MODELS['int_last_readings']}) to '{carried}' (format parquet)")
    return found


minutes = st.integers(0, int((MONTHS[-1] - MONTHS[0]) / timedelta(minutes=1)) - 1)
near_edges = st.sampled_from(
    [0, *(int((edge - MONTHS[0]) / timedelta(minutes=1)) for edge in MONTHS[1:-1])]
)
moments = st.one_of(
    minutes, st.builds(lambda a, b: max(0, a + b), near_edges, st.integers(-100, 100))
)


@st.composite
def readings(draw: st.DrawFn) -> list[Reading]:
    found = []
    for measurement in SERIES:
        times = draw(st.lists(moments, unique=True, max_size=25))
        values = draw(st.lists(st.integers(-3, 60), min_size=len(times), max_size=len(times)))
        found += [
            Reading(measurement, MONTHS[0] + timedelta(minutes=at), value)
            for at, value in zip(times, values, strict=True)
        ]
    return draw(st.permutations(found))


def of(found: list[Amount], measurement: str) -> float:
    return math.fsum(value for _, name, value, *_ in found if name == f"{measurement}_amount")


def steps_are_last_less_before_and_resets(months: list[list[Amount]], given: list[Reading]) -> None:
    """Over any range of months."""
    counted = sorted(
        (one for one in given if one.measurement == "m3_total" and one.value >= 0),
        key=lambda one: one.at,
    )
    resets = [
        (later.at, earlier.value)
        for earlier, later in pairwise(counted)
        if later.value < earlier.value
    ]
    for first in range(3):
        for last in range(first, 3):
            start, stop = MONTHS[first], MONTHS[last + 1]
            inside = [one for one in counted if start <= one.at < stop]
            before = [one for one in counted if one.at < start] or inside[:1]
            steps = math.fsum(of(months[month], "m3_total") for month in range(first, last + 1))
            lost = sum(value for at, value in resets if start <= at < stop)
            wanted = inside[-1].value - before[-1].value + lost if inside else 0
            assert steps == pytest.approx(wanted, abs=1e-6)


def a_value_holds_until_the_next_one_or_for_the_gap_limit(
    months: list[list[Amount]], given: list[Reading]
) -> None:
    for measurement in ("flow", "open"):
        own = sorted(
            (one for one in given if one.measurement == measurement), key=lambda one: one.at
        )
        for month, (start, stop) in enumerate(pairwise(MONTHS)):
            wanted = 0.0
            for one, ends in zip(own, [*(one.at for one in own[1:]), MONTHS[-1]], strict=False):
                held = min(ends, one.at + GAP, stop) - max(one.at, start)
                weight = max(one.value, 0) if measurement == "flow" else 60 * bool(one.value)
                wanted += max(held / HOUR, 0) * weight
            assert of(months[month], measurement) == pytest.approx(wanted, abs=1e-6)
    events = math.fsum(one.value for one in given if one.measurement == "motion")
    assert math.fsum(of(month, "motion") for month in months) == pytest.approx(events)


def each_has_its_hour_and_a_time_of_its_own(months: list[list[Amount]]) -> None:
    for found, (start, stop) in zip(months, pairwise(MONTHS), strict=True):
        keys = [(name, at) for at, name, *_ in found]
        assert len(set(keys)) == len(keys)
        for at, _, _, _, method, seconds in found:
            assert start <= at < stop
            if method in ("held", "spread"):
                ends = at + timedelta(seconds=seconds)
                assert ends.timestamp() <= (at.timestamp() // 3600 + 1) * 3600 + 1e-3


@given(readings())
@settings(max_examples=25, deadline=None)
def test_nothing_is_counted_twice_or_lost(
    database: duckdb.DuckDBPyConnection, given: list[Reading]
) -> None:
    months = amounts_of(database, given)
    steps_are_last_less_before_and_resets(months, given)
    a_value_holds_until_the_next_one_or_for_the_gap_limit(months, given)
    each_has_its_hour_and_a_time_of_its_own(months)
    assert amounts_of(database, sorted(given, key=lambda one: one.at)) == months, "order of arrival"


@given(readings())
@settings(max_examples=8, deadline=None)
def test_a_correction_at_a_month_s_end_changes_the_next_month_and_no_further(
    database: duckdb.DuckDBPyConnection, given: list[Reading]
) -> None:
    last = Reading("m3_total", MONTHS[1] - timedelta(seconds=1), 7)
    within = Reading("m3_total", MONTHS[1] + timedelta(minutes=1, seconds=1), 9)
    _, _, third = amounts_of(database, [*given, last, within])
    corrected = Reading("m3_total", last.at, 8)
    assert amounts_of(database, [*given, corrected, within])[2] == third


def test_each_kind_of_step_says_what_it_is(database: duckdb.DuckDBPyConnection) -> None:
    at = MONTHS[0]
    given = [(0, 100), (60, 110), (120, 3), (130, 103), (400, 113), (430, 113)]
    found, _, _ = amounts_of(
        database, [Reading("m3_total", at + timedelta(minutes=m), v) for m, v in given]
    )
    rows = [
        ((when - at) / timedelta(minutes=1), value, quality, method)
        for when, _, value, quality, method, _ in found
    ]
    spread = [row for row in rows if row[3] == "spread"]
    assert [row for row in rows if row not in spread] == [
        (60, 10, "ok", "step"),
        (120, 3, "ok", "reset"),
        (130, 100, "outlier", "step"),
        (430, 0, "ok", "step"),
    ]
    assert [(round(minute), round(value, 6)) for minute, value, *_ in spread] == [
        (130, round(10 * 50 / 270, 6)),
        *((minute, round(10 * 60 / 270, 6)) for minute in (180, 240, 300)),
        (360, round(10 * 40 / 270, 6)),
    ]
