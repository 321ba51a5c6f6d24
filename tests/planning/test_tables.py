"""What was planned is handed over: the task that stores months knows what they were built from."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.core import files
from include.core.errors import DamagedFile, StorageError
from include.core.settings import PROJECT_DIR, Settings
from include.ledger.ledger import FileVersion, Layout, Ledger
from include.planning.plan import MonthPlan
from include.planning.tables import ReadingsPlan, read_readings_plan, write_readings_plan
from include.registry import Run, load_registry

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)
DROPPED = [("sm2", "2025-12")]
REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    settings = replace(Settings.from_environment(), data_dir=tmp_path)
    versions = [
        FileVersion(
            number=number,
            datasource_id="sm2_thermopro",
            building_id="sm2",
            path=f"{number}.csv",
            size=1,
            modified="",
            sha256=str(number) * 64,
            first_seen=AS_OF,
            verdict="accepted",
            layout=Layout(("Temperature_Celsius",), "%d/%m/%Y"),
            months=("2026-01", "2026-02"),
        )
        for number in (1, 2)
    ]
    Ledger(versions).write(settings.paths)
    return Run(settings, REGISTRY, AS_OF)


def planned(run: Run) -> list[MonthPlan]:
    versions = Ledger.read(run.settings.paths).versions
    home = run.registry.building("sm2")
    return [
        MonthPlan(home, "2026-01", "made of one", versions[:1]),
        MonthPlan(home, "2026-02", "made of both", versions),
    ]


def test_what_was_planned_is_read_back_whatever_the_seeds_are_by_then(run: Run) -> None:
    months = planned(run)
    write_readings_plan(
        replace(run, registry=replace(REGISTRY, wrong={"annex": ()})), months, DROPPED
    )
    assert read_readings_plan(run) == ReadingsPlan(months, DROPPED, REGISTRY.fingerprint, ["annex"])
    write_readings_plan(run, [])
    assert read_readings_plan(run) == ReadingsPlan([], [], REGISTRY.fingerprint, [])


def forgotten(run: Run) -> Run:
    Ledger(Ledger.read(run.settings.paths).versions[:1]).write(run.settings.paths)
    return run


@pytest.mark.parametrize(
    "other",
    [
        lambda run: replace(run, as_of=AS_OF + timedelta(hours=1)),
        lambda run: replace(run, settings=run.settings.as_replay()),
        forgotten,
    ],
)
def test_the_plan_of_another_run_is_refused(run: Run, other: Callable[[Run], Run]) -> None:
    write_readings_plan(run, planned(run))
    with pytest.raises(StorageError, match="the plan of readings is not that of this run"):
        read_readings_plan(other(run))


def test_a_plan_that_was_not_written_to_the_end_is_none(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_readings_plan(run, planned(run))
    monkeypatch.setattr(files, "write_parquet", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_readings_plan(run, planned(run))
    with pytest.raises(StorageError, match="the plan of readings is not that of this run"):
        read_readings_plan(run)


def test_a_plan_that_was_damaged_is_not_used(run: Run) -> None:
    write_readings_plan(run, planned(run))
    path = run.settings.paths.plan / "readings.json"
    path.write_text(path.read_text().replace("made of one", "made of two"))
    with pytest.raises(DamagedFile):
        read_readings_plan(run)
