"""Incidents, completeness, refused files and metrics are those of the files on this machine."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from include.core import files
from include.monitoring.causes import Cause
from include.monitoring.health import Look, health_file
from include.serving.api.app import PREFIX, create_app
from include.serving.api.limits import Limits
from include.serving.api.routes.health import completeness_of
from include.serving.api.values import Reader
from tests.serving.api.asking import ALL, get, series_ids
from tests.serving.api.conftest import UNLIMITED
from tests.support.platform import Platform
from tests.support.raw_files import Raw, small_drive, thermopro, times

pytestmark = pytest.mark.xdist_group("release")
AT = datetime(2026, 2, 1, tzinfo=UTC)
LOOK = Look(AT, "manual__1", AT)
FROZEN = Cause(
    "frozen", "error", AT, AT + timedelta(hours=9), "22.3 for 9 hours", "sm2", ("ThermoPro",),
    ("493D",), ("1NP-S1",), ("temp_indoor",), "ThermoPro 1NP-S1 (493D): value never changes",
    "Restart the sensor", "aaaaaaaa", "new", AT,
)  # fmt: skip
SILENT = Cause(
    "silent", "warning", AT, AT, "no readings", "sm2", ("Atrea",), id="bbbbbbbb", status="resolved",
    message="Atrea: no readings", found=AT, resolved=AT, silenced_by="jana, until 2027-01-01: works",
)  # fmt: skip
OTHER = replace(FROZEN, building_id="other", id="cccccccc")


def write_incidents(platform: Platform, *causes: Cause) -> None:
    content = {**LOOK.to_json(), "causes": [cause.to_json() for cause in causes]}
    files.write_json(health_file(platform.settings), content)


def drive_with_a_refused_file(raw: Raw) -> None:
    small_drive(raw)
    hours = times("2026-01-29 00:00", 24)
    thermopro(raw, "CCEA", hours, value=lambda n: "20,5", exported=1769900000)


@pytest.fixture(scope="module")
def refusing(
    templates: Callable[..., Platform], tmp_path_factory: pytest.TempPathFactory
) -> Platform:
    made = templates("2026-02-04", drive_with_a_refused_file).copy(tmp_path_factory.mktemp("own"))
    write_incidents(made, FROZEN, OTHER, SILENT)
    return made


@pytest.fixture(scope="module")
def own(refusing: Platform) -> TestClient:
    return TestClient(create_app(refusing.settings, Limits(rate=UNLIMITED)))


def test_findings_are_those_of_the_building(own: TestClient) -> None:
    path = "/buildings/sm2/health/findings"
    found = get(own, path)
    assert found["look"]["run_id"] == "manual__1"
    first, second = found["findings"]
    assert first == {
        "id": "aaaaaaaa", "check": "frozen", "severity": "error", "status": "new",
        "since": "2026-02-01T00:00:00Z", "until": "2026-02-01T09:00:00Z",
        "found": "2026-02-01T00:00:00Z", "resolved": None, "sources": ["ThermoPro"],
        "sensors": ["493D"], "locations": ["1NP-S1"], "measurements": ["temp_indoor"],
        "title": "value never changes", "message": "ThermoPro 1NP-S1 (493D): value never changes",
        "evidence": "22.3 for 9 hours", "what_to_do": "Restart the sensor", "silenced_by": "",
    }  # fmt: skip
    assert second["id"] == "bbbbbbbb"
    for query, wanted in (
        ("open=true", "a"),
        ("open=false", "b"),
        ("series=ThermoPro~1NP-S1~temp_indoor", "a"),
        ("series=ThermoPro~1NP-S1~humidity_indoor", ""),
        (f"series={next(name for name in series_ids(own) if name.startswith('Atrea'))}", "b"),
        ("datetime=2026-02-01T09:00Z/2026-02-02", "a"),
        ("datetime=2026-02-01T10:00Z/2026-02-02", ""),
        ("datetime=2026-01-30/2026-02-01", ""),
        ("limit=1", "a"),
    ):
        rows = get(own, f"{path}?{query}")["findings"]
        assert "".join(row["id"][0] for row in rows) == wanted, query
    get(own, f"{path}?series=x", 404)


def test_refused_files_have_their_reasons(own: TestClient, refusing: Platform) -> None:
    (row,) = get(own, "/buildings/sm2/health/quarantine")["quarantine"]
    (version,) = refusing.ledger.refused()
    assert row["path"].endswith("ThermoProSensor_export_CCEA_1769900000.csv")
    assert row["reasons"] == version.reasons and "decimal" in str(row["reasons"])
    assert datetime.fromisoformat(row["first_seen"]) == version.first_seen


def test_freshness_is_counted_to_the_time_of_the_release(api: TestClient) -> None:
    rows = get(api, "/buildings/sm2/health/freshness")["freshness"]
    ages = {row["id"]: row["age_s"] for row in get(api, "/buildings/sm2/latest")["latest"]}
    assert {row["id"]: row["age_s"] for row in rows} == ages


def test_completeness_counts_the_hours_of_the_release(api: TestClient, platform: Platform) -> None:
    found = get(api, f"/buildings/sm2/health/completeness?{ALL}")
    assert found["days"][0] == "2026-01-29" and set(found["hours_of_day"]) == {24}
    counted = {
        (one["id"], day): hours
        for one in found["series"]
        for day, hours in zip(found["days"], one["hours"], strict=True)
        if hours
    }
    assert set(series_ids(api)) == {one["id"] for one in found["series"]}
    wanted = platform.query(
        "select source || '~' || location || '~' || measurement, local_date::varchar, count(*)"
        " from public_dataset_hourly group by all"
    )
    assert counted == {(name, day): hours for name, day, hours in wanted if day in found["days"]}
    get(api, "/buildings/sm2/health/completeness?datetime=1900/2200")
    assert get(api, "/buildings/sm2/health/completeness?datetime=2030/2230")["days"] == []
    assert get(api, "/buildings/sm2/health/completeness?datetime=1900/2000")["days"] == []


@pytest.mark.parametrize(
    ("day", "hours_of_day"),
    [(date(2026, 3, 29), 23), (date(2025, 10, 26), 25), (date(2026, 1, 1), 24)],
)
def test_days_of_a_clock_change_have_23_and_25_hours(
    tmp_path: Path, day: date, hours_of_day: int
) -> None:
    midnight = datetime(day.year, day.month, day.day).astimezone(UTC).replace(tzinfo=UTC)
    rows = [
        {"building_id": "b", "source": "s", "location": "l", "measurement": "m",
         "timestamp": midnight + timedelta(hours=n), "local_date": day}
        for n in range(hours_of_day)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "hours.parquet")
    given = {"table": str(tmp_path / "hours.parquet"), "building": "b", "zone": "Europe/Prague"}
    days = {"first": day - timedelta(days=1), "stop": day + timedelta(days=2)}
    names = {"source": "s", "location": "l", "measurement": "m"}
    series = [{"id": "s~l~m", **names}, {"id": "silent", **names, "location": "x"}]
    found = completeness_of(Reader().rows("completeness", given | days), series)
    assert found["hours_of_day"] == [24, hours_of_day, 24]
    assert [one["hours"] for one in found["series"]] == [[0, hours_of_day, 0], [0, 0, 0]]


def test_the_runs_are_listed(api: TestClient) -> None:
    runs = get(api, "/health/runs")["runs"]
    assert {"refresh", "aggregate_and_publish"} <= {row["dag_id"] for row in runs}
    assert all(row["state"] == "success" and row["seconds"] for row in runs)


SAMPLE = re.compile(r'sensor_platform_[a-z_]+\{([a-z]+="(\\.|[^"\\])*",?)+\} [0-9.e+]+')


def test_metrics_are_those_of_the_pages(own: TestClient, refusing: Platform) -> None:
    answered = own.get(f"{PREFIX}/metrics")
    assert answered.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answered.text.splitlines()
    assert all(line.startswith("# ") or SAMPLE.fullmatch(line) for line in lines)
    (hours,) = refusing.query("select count(*) from public_dataset_hourly")[0]
    as_of = refusing.release.as_of.timestamp()
    for line in (
        f'published_rows{{publication="public_dataset",table="public_dataset_hourly"}} {hours}',
        f'release_as_of_timestamp_seconds{{publication="public_dataset"}} {as_of!r}',
        'refused_files{building="sm2"} 1',
        'open_incidents{building="sm2",severity="error",silenced="false"} 1',
        'open_incidents{building="sm2",severity="warning",silenced="true"} 0',
    ):
        assert f"sensor_platform_{line}" in lines, answered.text
    assert 'building="other"' not in answered.text
    assert "run_last_success_timestamp_seconds" in answered.text
