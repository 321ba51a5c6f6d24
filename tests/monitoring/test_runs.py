"""What runs tell of themselves: failed, overdue, slow; and a disk that fills."""

import shutil
from collections import namedtuple
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.core.settings import PROJECT_DIR, Settings
from include.engines.fallback import record_fallback
from include.monitoring.rules import load_rules
from include.monitoring.runs import causes_in_runs, record_run

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = load_rules(PROJECT_DIR / "include/dbt/seeds")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.from_environment(), data_dir=tmp_path)


def ran(
    settings: Settings, state: str, seconds: float, hours_ago: float = 0, dag_id: str = "refresh"
) -> None:
    ended = NOON - timedelta(hours=hours_ago)
    record_run(settings, dag_id, state, ended - timedelta(seconds=seconds), ended, "task_failure")


def reported(settings: Settings) -> list[tuple[str, str]]:
    return [(cause.check, cause.key) for cause in causes_in_runs(settings, RULES, NOON)]


def test_a_failed_run_is_reported_until_one_succeeds(settings: Settings) -> None:
    ran(settings, "failed", 10)
    assert reported(settings) == [("run_failed", "refresh")]
    ran(settings, "success", 10)
    assert reported(settings) == []


def test_a_daily_run_that_did_not_come_is_reported_and_one_by_events_is_not(
    settings: Settings,
) -> None:
    ran(settings, "success", 10, hours_ago=37)
    ran(settings, "success", 10, hours_ago=37, dag_id="aggregate_and_publish")
    assert reported(settings) == [("run_overdue", "refresh")]


def test_a_run_three_times_as_long_as_usual_is_reported(settings: Settings) -> None:
    for _ in range(6):
        ran(settings, "success", 50)
    assert reported(settings) == []
    ran(settings, "success", 140)
    assert reported(settings) == []
    ran(settings, "success", 160)
    assert reported(settings) == [("run_slow", "refresh")]


def test_an_engine_that_is_unavailable_is_reported_until_it_works(settings: Settings) -> None:
    record_fallback(settings, "timeseries_engine", "no Docker daemon")
    assert reported(settings) == [("engine_fallback", "timeseries_engine")]
    record_fallback(settings, "timeseries_engine", "")
    assert reported(settings) == []


@pytest.mark.parametrize(("free", "severity"), [(6, None), (4, "warning"), (1, "error")])
def test_a_disk_that_fills_is_reported(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, severity: str | None
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100 * 2**30, 0, free * 2**30))
    assert [cause.severity for cause in causes_in_runs(settings, RULES, NOON)] == (
        [severity] if severity else []
    )


def test_a_page_that_is_damaged_is_written_anew(settings: Settings) -> None:
    ran(settings, "success", 10)
    page = settings.paths.findings / "runs/refresh.json"
    page.write_text(page.read_text()[:20])
    assert reported(settings) == []
    ran(settings, "failed", 10)
    assert reported(settings) == [("run_failed", "refresh")]
