"""What a run reports of the ledger's refused files."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from include.core.settings import PROJECT_DIR, Settings
from include.ingest.register import register
from include.ledger.ledger import FileVersion, Finding, Ledger
from include.registry import load_registry

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")


def test_refused_files_are_reported_while_their_datasource_is_read(tmp_path: Path) -> None:
    settings = replace(Settings.from_environment(), data_dir=tmp_path)
    refused = FileVersion(
        1,
        "sm2_thermopro",
        "sm2",
        "bad.csv",
        9,
        "",
        "0" * 64,
        datetime(2026, 2, 1, tzinfo=UTC),
        "refused",
    )
    refused = replace(
        refused,
        findings=(Finding("header", "error", "the header is empty", cure="Export it again"),),
    )
    Ledger([refused]).write(settings.paths)
    read = REGISTRY.datasource("sm2_thermopro")
    assert [sentence for sentence in register(settings, [read]).ongoing if "bad.csv" in sentence]
    assert register(settings, [REGISTRY.datasource("sm2_atrea")]).ongoing == []
