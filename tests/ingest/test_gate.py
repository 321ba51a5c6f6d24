"""What is impossible refuses a file, what is unusual warns, and what is in use stays in use."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.settings import PROJECT_DIR
from include.ingest.gate import LAST, RowCounts, judge
from include.ledger.ledger import FileVersion, Layout
from include.registry import load_registry

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")
INDOOR = REGISTRY.datasource("sm2_thermopro")
CHECKS = REGISTRY.checks_of(INDOOR)
DAY = datetime(2026, 2, 1, tzinfo=UTC)


def file(rows: int = 700, nulls: int = 0, day: int = 0) -> FileVersion:
    return FileVersion(
        number=0,
        datasource_id="sm2_thermopro",
        building_id="sm2",
        path="a.csv",
        size=9,
        modified="",
        sha256="0" * 64,
        first_seen=DAY,
        verdict="accepted",
        layout=Layout(("a", "b"), "%d/%m/%Y"),
        rows=rows,
        cells=2 * rows,
        nulls=nulls,
        last_reading=DAY + timedelta(days=day),
    )


@pytest.mark.parametrize(
    ("version", "before", "said"),
    [
        (file(), [], []),
        (file(nulls=28), [], []),
        (file(nulls=29), [], ["null_pct: 2.1 % of the cells are empty, at most 2 is usual"]),
        (file(rows=50), [], []),
        (file(rows=49), [], ["row_count: 49 rows, at least 50 and at most 50,000 is usual"]),
        (file(rows=49), [49] * 3, ["row_count: 49 rows, at least 50 and at most 50,000 is usual"]),
        (file(rows=349), [700, 700], []),
        (file(rows=350), [10, 700, 9000], []),
        (file(rows=349), [10, 700, 9000], ["row_count_variance_pct: 349 rows are 50 % off the median of the last 3 files (700), at most 50 is usual"]),
        (file(rows=1051), [700] * 10, ["row_count_variance_pct: 1,051 rows are 50 % off the median of the last 10 files (700), at most 50 is usual"]),
    ],
)  # fmt: skip
def test_what_the_owners_call_unusual_is_a_warning_with_its_reason(
    version: FileVersion, before: list[int], said: list[str]
) -> None:
    judged = judge(version, INDOOR, (), CHECKS, before)
    assert [f"{finding.check}: {finding.message}" for finding in judged.findings] == said
    assert judged.verdict == "accepted"
    assert all("the owners'" in finding.cure for finding in judged.findings)


def test_the_ranges_of_both_kinds_are_the_owners() -> None:
    found = {
        (row.datasource_id, row.check): (row.minimum, row.maximum) for row in REGISTRY.file_checks
    }
    assert found == {
        ("sm2_atrea", "null_pct"): (None, 5),
        ("sm2_atrea", "row_count"): (100, 100_000),
        ("sm2_atrea", "row_count_variance_pct"): (None, 50),
        ("sm2_thermopro", "null_pct"): (None, 2),
        ("sm2_thermopro", "row_count"): (50, 50_000),
        ("sm2_thermopro", "row_count_variance_pct"): (None, 50),
    }
    bounds = {
        (row.source_name, row.measurement): (row.value_min, row.value_max)
        for row in REGISTRY.datasource_mappings
    }
    assert bounds["Atrea", ""] == (-50, 60)
    assert bounds["ThermoPro", "temp_indoor"] == (-10, 50)
    assert bounds["OpenWeather", "temperature_k"] == (200, 350)
    assert bounds["AirQuality", "pm25"] == (0, 500)


def test_the_four_sources_of_the_owners_are_rows() -> None:
    theirs = ("sm2_atrea", "sm2_thermopro", "sm2_weather", "sm2_air_quality")
    rows = [REGISTRY.datasource(name) for name in theirs]
    assert [(row.location, row.retention_months) for row in rows] == [
        ("sm2drive:Vzduchotechnika/Latest/Upload", 2),
        ("sm2drive:Indoor/Latest/Upload", 2),
        ("https://api.openweathermap.org", 1),
        ("sm2drive:AirQuality/Latest", 1),
    ]
    names = ("Graph_1.csv", "ThermoProSensor_export_493D_1769904007.csv", "weather_1.json")
    for row, name in zip(rows, (*names, "air_quality_1.csv"), strict=True):
        assert re.fullmatch(row.file_regex, name), row.file_pattern
    own = rows[0].model_copy(update={"retention_months": None})
    assert REGISTRY.retention_months(own) == REGISTRY.building("sm2").retention_months


def test_what_is_impossible_refuses_unless_it_is_in_use_or_skipped() -> None:
    version = file(rows=3_000_000)
    assert judge(version, INDOOR, (), CHECKS).verdict == "refused"
    assert judge(version, INDOOR, ("row_count",), CHECKS).findings == ()
    in_use = judge(version, INDOOR, (), CHECKS, has_passed=True)
    assert in_use.verdict == "accepted"
    assert [finding.severity for finding in in_use.findings] == ["warning"]


@given(st.lists(st.integers(0, 30), unique=True), st.integers(0, 30))
def test_a_file_is_compared_with_the_last_ten_that_end_before_it(days: list[int], own: int) -> None:
    counts = RowCounts(replace(file(rows=100 + day, day=day), path=f"{day}.csv") for day in days)
    before = [100 + day for day in sorted(days) if day < own][-LAST:]
    assert counts.before(file(day=own)) == before
    assert counts.before(replace(file(), last_reading=None)) == []
