"""Packs are the tables rounded, with a gap where there is no value."""

import json
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contract.tables import file_of
from include.core import files
from include.registry.rows import Measurement
from include.release import explorer_data
from include.release.explorer_data import Year, series_of, year_packs

MEASUREMENTS = [
    Measurement(
        measurement=name,
        unit="1",
        scale="ratio",
        aggregation=kind,
        description="x",
        brick_class="",
        line=2,
        decimals=str(decimals),
    )
    for name, kind, decimals in (("temp", "nonadditive", 1), ("energy", "additive", 3))
]
VALUES = st.floats(-1e12, 1e12) | st.floats(-50, 50) | st.integers(-3, 3).map(float)
# of a place and measurement, the hours of a year that have a value
TABLES = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b ~", "č/%"]), st.sampled_from(["temp", "energy"])),
    st.dictionaries(
        st.integers(0, 8759) | st.integers(1990, 2100), VALUES, min_size=1, max_size=20
    ),
    min_size=1,
)


def decoded(steps: list[int | None], decimals: int) -> list[float | None]:
    total, found = 0, []
    for step in steps:
        total += step or 0
        found.append(None if step is None else total / 10**decimals)
    return found


def release(folder: Path, table: dict[tuple[str, str], dict[int, float]]) -> Path:
    """Hourly values, and the same as days: one value each."""
    first = datetime(2025, 1, 1, tzinfo=UTC)
    with duckdb.connect() as database:
        database.execute("set TimeZone = 'UTC'")
        database.execute(
            "create table hours (location text, measurement text, timestamp timestamptz, value double)"
        )
        rows = [
            (*key, first + timedelta(hours=hour), value)
            for key, own in table.items()
            for hour, value in own.items()
        ]
        database.executemany("insert into hours values (?, ?, ?, ?)", rows)
        for model, unit in (("agg_hourly", "hour"), ("agg_daily", "day")):
            database.execute(
                f"""copy (
                    select 'h' as building_id, 'S' as source, location, measurement, date_trunc('{unit}', timestamp) as timestamp,
                        timestamp::date as local_date, avg(value) as value_mean, min(value) as value_min,
                        max(value) as value_max, sum(value) as value_sum, count(*) as count
                    from hours group by all order by all
                ) to '{folder / file_of(model)}' (format parquet)"""
            )
    return folder


@settings(max_examples=40)
@given(TABLES)
def test_packs_are_the_tables_rounded(table: dict[tuple[str, str], dict[int, float]]) -> None:
    with tempfile.TemporaryDirectory() as name, duckdb.connect(config={"threads": 1}) as database:
        database.execute("set TimeZone = 'UTC'")
        folder = release(Path(name), table)
        series = series_of(database, folder)
        assert len({one.id for one in series}) == len(table)
        packs = year_packs(database, folder, Year("h", "2025", ""), series, MEASUREMENTS)
        for one in series:
            found = json.loads(packs[one.packs["2025"]])["series"][one.id]
            column = "value_sum" if one.measurement == "energy" else "value_mean"
            for model, of in (("agg_hourly", found["hours"]), ("agg_daily", found["days"])):
                rows = database.execute(
                    f"select timestamp, {column}, value_min, value_max, count from '{folder / file_of(model)}'"
                    " where location = ? and measurement = ? order by timestamp",
                    [one.location, one.measurement],
                ).fetchall()  # fmt: skip
                hourly = model == "agg_hourly"
                start = (
                    datetime.fromtimestamp(of["start"], UTC)
                    if hourly
                    else datetime.combine(date.fromisoformat(of["start"]), datetime.min.time(), UTC)
                )
                step = timedelta(seconds=of["step"]) if hourly else timedelta(days=1)
                near(of["value"], found["decimals"], start, step, {row[0]: row[1] for row in rows})
                if not hourly:
                    near(of["count"], 0, start, step, {row[0]: row[4] for row in rows})
                    if one.measurement == "temp":
                        near(
                            of["min"],
                            found["decimals"],
                            start,
                            step,
                            {row[0]: row[2] for row in rows},
                        )
                        near(
                            of["max"],
                            found["decimals"],
                            start,
                            step,
                            {row[0]: row[3] for row in rows},
                        )


def near(
    steps: list[int | None],
    decimals: int,
    start: datetime,
    step: timedelta,
    wanted: dict[datetime, float],
) -> None:
    values = {
        start + n * step: value
        for n, value in enumerate(decoded(steps, decimals))
        if value is not None
    }
    assert values.keys() == wanted.keys()
    for moment, value in values.items():
        assert abs(value - wanted[moment]) <= 0.5 * 10**-decimals * (1 + 1e-6) + abs(value) * 1e-15


def test_places_share_packs_where_there_are_many(tmp_path: Path) -> None:
    table = {(f"place {n:03}", "temp"): {0: 1.0} for n in range(explorer_data.MOST_PACKS + 1)}
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("set TimeZone = 'UTC'")
        series = series_of(database, release(tmp_path, table))
        packs = year_packs(database, tmp_path, Year("h", "2025", ""), series, MEASUREMENTS)
    assert len(packs) == 21
    named = {name: number for number, text in packs.items() for name in json.loads(text)["series"]}
    assert named == {one.id: one.packs["2025"] for one in series}


@pytest.mark.parametrize("harm", ["none", "changed", "missing", "sums", "index"])
def test_packs_of_an_unchanged_year_are_taken_over_if_they_are_whole(
    tmp_path: Path, harm: str
) -> None:
    year = Year("h", "2025", "f" * 64)
    pack, index = (
        tmp_path / explorer_data.FOLDER / name for name in ("h/2025/0.json", "index.json")
    )
    files.write_text(pack, "{}")
    made_from: Any = {"h/2025": year.made_from}
    files.write_json(index, {"made_from": made_from if harm != "index" else []})
    sums = "" if harm == "sums" else f"{files.sha256(pack)}  {pack.relative_to(tmp_path)}\n"
    files.write_text(tmp_path / "SHA256SUMS", sums)
    if harm == "changed":
        files.write_text(pack, "{ }")
    if harm == "missing":
        pack.unlink()
    found = explorer_data._packs_of(tmp_path, [year, Year("h", "2024", "0" * 64)])
    assert found == ({year: [pack]} if harm == "none" else {})
