"""A month is built again where its inputs or the last readings before it have changed."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from include.core import files
from include.core.calendar import month_start
from include.core.settings import PROJECT_DIR, Settings
from include.planning.plan import MonthPlan
from include.planning.tables import LAST_READINGS
from include.registry import load_registry
from include.store.readings import StoredMonth
from include.store.stale import months_to_build

BUILDING = load_registry(PROJECT_DIR / "include/dbt/seeds").building("sm2")
MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04"]


def with_counters(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, silent: str = ""
) -> tuple[Settings, list[MonthPlan]]:
    """Four stored months of a building with counters, of which one is `silent` in a month."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    settings = Settings.from_environment()
    rows, plans = [], []
    for before, month in zip(["", *MONTHS], MONTHS, strict=False):
        start = month_start(month, BUILDING.timezone)
        last = datetime(2025, 12, 31, tzinfo=start.tzinfo) if month == silent else start
        path = settings.paths.month_of_metric(LAST_READINGS, "sm2", month)
        times = pa.array([last], pa.timestamp("us", "UTC"))
        files.write_parquet(path, pa.table({"timestamp": times}))
        carried = f"last of {before}" if before else ""
        entry = StoredMonth("made", "", 1, {LAST_READINGS: f"last of {month}"}, "", (), carried)
        rows.append({"month": month, **entry.__dict__})
        plans.append(MonthPlan(BUILDING, month, "made", (), (), before))
    files.write_sealed(settings.paths.readings_manifest("sm2"), rows)
    return settings, plans


def built(
    settings: Settings, plans: list[MonthPlan], changed: str = "", lost: str = ""
) -> list[str]:
    plans = [replace(plan, fingerprint="new") if plan.month == changed else plan for plan in plans]
    return [plan.month for plan in months_to_build(settings, plans, [f"sm2.{lost}"])]


def test_a_correction_rebuilds_the_next_month_and_no_further(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings, plans = with_counters(monkeypatch, tmp_path)
    assert built(settings, plans) == []
    assert built(settings, plans, changed="2026-01") == ["2026-01", "2026-02"]
    assert built(settings, plans, lost="2026-02") == ["2026-02", "2026-03"]
    assert built(settings, plans, changed="2026-04") == ["2026-04"]


def test_what_was_before_a_silent_month_is_before_the_next_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings, plans = with_counters(monkeypatch, tmp_path, silent="2026-02")
    assert built(settings, plans, changed="2026-01") == ["2026-01", "2026-02", "2026-03"]


def test_a_month_whose_last_readings_have_become_others_rebuilds_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Those of a month that is taken out are those of the month before it."""
    settings, plans = with_counters(monkeypatch, tmp_path)
    january, _, march, april = plans
    assert built(settings, [january, replace(march, before="2026-01"), april]) == [
        "2026-03",
        "2026-04",
    ]


def test_without_counters_no_month_follows_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings, plans = with_counters(monkeypatch, tmp_path)
    rows = [
        {**row, "carried": ""} for row in files.read_sealed(settings.paths.readings_manifest("sm2"))
    ]
    files.write_sealed(settings.paths.readings_manifest("sm2"), rows)
    alone = [replace(plan, before="") for plan in plans]
    assert built(settings, alone, changed="2026-01") == ["2026-01"]
