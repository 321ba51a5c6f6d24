"""The first page: it opens whatever is there, names are text and not markup, and only released files leave."""

from collections.abc import Callable
from datetime import UTC, datetime

from include import files
from include.monitoring.causes import Cause
from include.monitoring.health import health_file
from include.serving.overview import page, published_file
from tests.platform import Platform
from tests.raw_files import small_drive, thermopro, times


def test_an_empty_machine_has_a_page_too(new_platform: Callable[..., Platform]) -> None:
    shown = page(new_platform().settings, {})
    assert "Nothing was published yet" in shown
    assert "Nothing is wrong" in shown


def test_it_shows_the_release_the_refused_file_and_its_cure(new_platform: Callable[..., Platform]) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    thermopro(platform.raw, "CCEA", times("2026-01-29 00:00", 24), value=lambda n: "20,5", exported=1769900000)
    platform.publish("2026-02-04").run("2026-02-04", only="monitor_quality")
    shown = page(platform.settings, {"dbt": "dbt"})
    version = platform.release.version
    for words in (version, f'href="releases/{version}/public_dataset_hourly.parquet"', "ThermoProSensor_export_CCEA_1769900000.csv", "decimal"):
        assert words in shown, words
    assert published_file(platform.settings, version, "SHA256SUMS") == platform.release.path / "SHA256SUMS"
    for odd in (("latest", "SHA256SUMS"), (version, "../../ledger.parquet"), (version, "nothing"), ("..", "ledger.parquet"), ("", "")):
        assert published_file(platform.settings, *odd) is None, odd


def test_names_from_files_are_text(new_platform: Callable[..., Platform]) -> None:
    settings = new_platform().settings
    hostile = {"check": "quarantine", "severity": "error", "since": "2026-01-01T00:00:00+00:00", "until": "2026-01-02T00:00:00+00:00", "found": None, "resolved": None,
               "evidence": "<script>alert(1)</script>\x1b[31m\u202e", "message": '"><img src=x>', "cure": "{{ 7 * 7 }}", "sources": [], "sensors": [], "locations": [], "measurements": []}  # fmt: skip
    files.write_json(health_file(settings), {"causes": [hostile]})
    shown = page(settings, {})
    assert "<script>" not in shown and "<img" not in shown and "{{ 7 * 7 }}" in shown
    assert "\x1b" not in shown and "\u202e" not in shown


def test_a_page_of_many_findings_ends_with_their_number(new_platform: Callable[..., Platform]) -> None:
    settings, at = new_platform().settings, datetime(2026, 2, 4, tzinfo=UTC)
    causes = [Cause("quarantine", "error", at, at, "seen", message=f"file {n} waits", id=str(n), found=at).to_json() for n in range(2000)]
    files.write_json(health_file(settings), {"causes": causes})
    shown = page(settings, {})
    assert "file 199 waits" in shown and "file 200 waits" not in shown and "… and 1800 more" in shown
