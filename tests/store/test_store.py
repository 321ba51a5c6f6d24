"""The store is the one place that knows where months are kept and what their manifests say."""

import re
from pathlib import Path

import pytest

from include.core import files
from include.core.errors import ContractError
from include.core.settings import PROJECT_DIR, Settings
from include.store.archive import Unit
from include.store.readings import READINGS
from include.store.store import REJECTED, Store

KEPT = re.compile(
    r"paths\.(month_of_\w+|rejected\(|archived\(|readings\b|metrics\b|archive\b|readings_manifest|archive_manifest|accounting\b)"
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Two months of one building and one of another; only the older has rejected readings."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    settings = Settings.from_environment()
    month = {"fingerprint": "", "sha256": "r", "rows": 1, "metrics": {"metric_sensor_day": "m"}}
    months = {"sm2": {"2026-02": "", "2026-01": "x"}, "annex": {"2026-01": ""}}
    for owner, named in months.items():
        rows = [{**month, "month": name, "rejected": rejected} for name, rejected in named.items()]
        files.write_sealed(settings.paths.readings_manifest(owner), rows)
    unit = {"grain": "daily", "fingerprint": "", "revision": 2}
    units = [
        {**unit, "month": "2026-01", "sha256": "a", "rows": 31},
        {**unit, "month": "2026-02", "sha256": "", "rows": 0},
        {**unit, "month": "2025-12", "sha256": "b", "rows": 31},
    ]
    files.write_sealed(settings.paths.archive_manifest("sm2"), units)
    return Store(settings)


def test_nothing_else_composes_its_paths() -> None:
    found = {
        f"{path.relative_to(PROJECT_DIR)}: {match.group()}"
        for folder in ("include", "plugins", "cli", "dags", "benchmarks")
        for path in (PROJECT_DIR / folder).rglob("*.py")
        if path.parent != PROJECT_DIR / "include/store" and path.name != "paths.py"
        for match in KEPT.finditer(path.read_text())
    }
    assert found == set()


def test_files_of_months_come_in_the_order_asked_for(store: Store) -> None:
    assert store.months("sm2") == ["2026-01", "2026-02"]
    asked = [("sm2", "2026-02"), ("sm2", "2026-01"), ("sm2", "2020-01")]
    assert [file.path.name for file in store.of_months(READINGS, asked)] == [
        "2026-02.parquet",
        "2026-01.parquet",
    ]
    assert [file.sha256 for file in store.of_months(REJECTED, asked)] == ["x"]
    assert [file.sha256 for file in store.of_months("metric_sensor_day", asked)] == ["m", "m"]


def test_units_without_rows_have_no_file_and_months_taken_out_are_not_published(
    store: Store,
) -> None:
    assert [unit.month for unit in store.published_units] == ["2026-01", "2026-02"]
    archived = store.of_units(store.archive_manifest)
    assert [(unit.month, file.sha256) for unit, file in archived.items()] == [
        ("2026-01", "a"),
        ("2025-12", "b"),
    ]
    assert archived[Unit("daily", "sm2", "2026-01")].path.name == "2026-01.r2.parquet"
    assert len(store.files()) == 2 + 3 * 2 + 1


def test_bytes_that_the_manifest_does_not_know_are_named(store: Store) -> None:
    file = store.of_months(READINGS, [("sm2", "2026-01")])[0]
    files.write_text(file.path, "damaged")
    with pytest.raises(ContractError, match="checksum mismatch"):
        file.undamaged()
