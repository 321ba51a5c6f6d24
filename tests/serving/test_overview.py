"""The first page: it opens whatever is there, and names are text and not markup."""

from collections.abc import Callable
from datetime import UTC, datetime

from include.core import files
from include.monitoring.causes import Cause
from include.monitoring.health import health_file
from include.serving.overview import page
from tests.support.platform import Platform
from tests.support.raw_files import small_drive, thermopro, times

LOOK = {
    "as_of": "2026-02-04T00:00:00+00:00",
    "run_id": "manual__1",
    "at": "2026-02-04T06:00:00+00:00",
}


def test_an_empty_machine_has_a_page_too(new_platform: Callable[..., Platform]) -> None:
    shown = page(new_platform().settings, {})
    assert "Nothing was published yet" in shown
    assert "Not checked yet" in shown and "No open incidents" not in shown
    assert "Not read yet" in shown and "could read all of them" not in shown


def test_it_shows_the_release_the_refused_file_and_its_cure(
    new_platform: Callable[..., Platform],
) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    thermopro(
        platform.raw,
        "CCEA",
        times("2026-01-29 00:00", 24),
        value=lambda n: "20,5",
        exported=1769900000,
    )
    platform.publish("2026-02-04").run("2026-02-04", only="monitor_quality")
    shown = page(platform.settings, {"dbt": "dbt"})
    version = platform.release.version
    run_id = files.read_json(health_file(platform.settings))["run_id"]
    for words in (
        "As of 2026-02-04 00:00", f"by the run {run_id} of monitor_quality", "building sm2", "<td>new</td>",
        f"<code>{version}</code> (latest)", f'href="api/v1/releases/{version}/files/README.md"', "The last run of refresh could read all of them", "<title>Overview</title>",
    ):  # fmt: skip
        assert words in shown, words
    for words in (
        version,
        f'href="api/v1/releases/{version}/files/public_dataset_hourly.parquet"',
        "ThermoProSensor_export_CCEA_1769900000.csv",
        "decimal",
    ):
        assert words in shown, words


def test_names_from_files_are_text(new_platform: Callable[..., Platform]) -> None:
    settings = new_platform().settings
    hostile = {"check": "quarantine", "severity": "error", "since": "2026-01-01T00:00:00+00:00", "until": "2026-01-02T00:00:00+00:00", "found": None, "resolved": None,
               "evidence": "<script>alert(1)</script>\x1b[31m\u202e", "message": '"><img src=x>', "cure": "{{ 7 * 7 }}", "sources": [], "sensors": [], "locations": [], "measurements": []}  # fmt: skip
    files.write_json(health_file(settings), {**LOOK, "causes": [hostile]})
    shown = page(settings, {})
    assert "<script>" not in shown and "<img" not in shown and "{{ 7 * 7 }}" in shown
    assert "\x1b" not in shown and "\u202e" not in shown


def test_twelve_equal_incidents_are_one_card_and_of_many_the_first_are_shown(
    new_platform: Callable[..., Platform],
) -> None:
    settings, at = new_platform().settings, datetime(2026, 2, 4, tzinfo=UTC)

    def shown(number: int, **more: str) -> str:
        causes = [
            Cause(
                "frozen",
                "error",
                at,
                at,
                "20.0",
                "sm2",
                message=f"room {n:04d}: value never changes",
                cure="restart",
                id=str(n),
                found=at,
                **more,
            )
            for n in range(100, 100 + number)
        ]
        files.write_json(
            health_file(settings), {**LOOK, "causes": [cause.to_json() for cause in causes]}
        )
        return page(settings, {})

    twelve = shown(12)
    assert (
        twelve.count("What to do: restart") == 1 and "value never changes: 12 incidents" in twelve
    )
    assert all(f"<td>room {n:04d}</td>" in twelve for n in range(100, 112))
    assert "<h3>room 0100: value never changes</h3>" in shown(1)
    many = shown(2000)
    assert "room 0124<" in many and "room 0125<" not in many and "… and 1,975 more" in many
    over = shown(1, status="resolved")
    assert (
        "No open incidents" in over
        and "Resolved in the last seven days" in over
        and "<td>resolved" in over
    )
