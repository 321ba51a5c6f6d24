"""The machine's clock is read for one purpose: a run as of a day in the future is refused, and one that was published can be taken back."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from rich.console import Console

from cli.summary import NOT_PUBLISHED, summary
from cli.take_back_future import take_back
from include.core import clock, files
from include.core.clock import check_clock, checked_as_of, parse_as_of
from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR
from include.ledger.ledger import Ledger
from include.registry import Run
from include.release.upload import offered_release, upload
from sensor_platform.run_context import as_of
from tests.support.platform import Platform

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def at_nine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_clock", lambda: NOW)


@pytest.mark.parametrize(
    "text", ["2026-03-01", "2026-03-02T09:00Z", "2026-03-02T10:59+01:00", "1999-01-01"]
)
def test_a_day_ahead_is_allowed(at_nine: None, text: str) -> None:
    assert checked_as_of(text) == parse_as_of(text)


@pytest.mark.parametrize("text", ["2026-03-02T10:00Z", "2062-03-01", "9999-12-31T23:59-01:00"])
def test_more_is_refused(at_nine: None, text: str) -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"(?s)as_of .* is in the future: the clock says 2026-03-01T09:30Z.*correct as_of|not a date or time",
    ):
        checked_as_of(text)


def test_a_clock_that_was_never_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_clock", lambda: datetime(1970, 1, 1, tzinfo=UTC))
    for check in (check_clock, lambda: checked_as_of("2026-03-01")):
        with pytest.raises(
            ConfigurationError,
            match=r"(?s)the clock of this machine says 1970-01-01T00:00Z.*timedatectl",
        ):
            check()


def test_the_command_line(new_platform: Callable[..., Platform]) -> None:
    new_platform().use()
    ended = subprocess.run(
        [sys.executable, PROJECT_DIR / "cli/run.py", "--as-of", "2962-03-01"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, "as_of 2962-03-01T00:00Z is in the future" in ended.stdout) == (
        1,
        True,
    ), ended.stdout + ended.stderr


def context(
    param: str | None = None,
    triggering: str | None = None,
    inlet: str | None = None,
    run: datetime = NOW,
) -> dict[str, Any]:
    def event(text: str) -> list[Any]:
        return [SimpleNamespace(extra={"as_of": text})]

    return {
        "params": {"as_of": param},
        "triggering_asset_events": {"readings": event(triggering)} if triggering else {},
        "inlet_events": {"readings": event(inlet) if inlet else []},
        "dag_run": SimpleNamespace(logical_date=run, run_after=NOW),
    }


@pytest.mark.parametrize(
    "odd",
    [
        {"param": "2962-03-01"},
        {"triggering": "2962-03-01T00:00:00+00:00"},
        {"run": datetime(2962, 3, 1, tzinfo=UTC)},
    ],
)
def test_every_way_into_a_dag(at_nine: None, odd: dict[str, Any]) -> None:
    with pytest.raises(AirflowFailException, match="is in the future"):
        as_of(context(**odd), "readings")  # type: ignore[arg-type]


def test_the_event_of_a_wrong_run_is_passed_over(at_nine: None) -> None:
    assert as_of(context(inlet="2962-03-01"), "readings") == NOW.replace(minute=0)  # type: ignore[arg-type]
    assert as_of(context(inlet="2026-02-01"), "readings") == datetime(2026, 2, 1, tzinfo=UTC)  # type: ignore[arg-type]


def test_the_environment_says_what_now_is_unless_the_run_has_its_own(
    at_nine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AS_OF", "2026-02-10T06:00Z")
    assert (
        as_of(context())
        == as_of(context(inlet="2026-02-01"), "readings")
        == datetime(2026, 2, 10, 6, tzinfo=UTC)
    )  # type: ignore[arg-type]
    assert (
        as_of(context(triggering="2026-02-01"))
        == as_of(context(param="2026-02-01", triggering="2026-01-01"))
        == datetime(2026, 2, 1, tzinfo=UTC)
    )
    monkeypatch.setenv("AS_OF", "yesterday")
    with pytest.raises(AirflowFailException, match="not a date or time"):
        as_of(context())


def test_the_summary_says_that_a_run_is_a_replay(
    published: Callable[..., Platform], monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = published("2026-02-04")
    monkeypatch.setenv("AS_OF", "2026-02-02")
    console = Console(record=True, width=300)
    summary(console, platform.at("2026-02-02"), [platform.release.version], "run.log")
    said = console.export_text()
    assert (
        f"Replay    as of 2026-02-02T00:00Z, which is older than the newest release {platform.release.version}"
        in said
    )
    assert "AS_OF=2026-02-04T00:00Z make run" in said
    assert '2026-02-02 is "now"' in said


def test_a_release_of_the_future_is_named_and_taken_back(
    published: Callable[..., Platform], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of the test says 5 February, and a release of 20 February is there."""
    platform = published("2026-02-04")
    honest = platform.release
    wrong = platform.settings.paths.releases / "2026-02-20-00000000"
    shutil.copytree(honest.path, wrong)
    written = files.read_json(wrong / "run.json")
    files.write_json(
        wrong / "run.json", {**written, "version": wrong.name, "as_of": "2026-02-20T00:00:00+00:00"}
    )
    files.point(platform.settings.paths.latest, wrong.name)
    upload(platform.settings, platform.release)
    ledger = platform.ledger
    Ledger(
        [
            *ledger.versions[:-1],
            replace(ledger.versions[-1], first_seen=datetime(2026, 2, 20, tzinfo=UTC)),
        ]
    ).write(platform.settings.paths)
    now = datetime(2026, 2, 5, 6, tzinfo=UTC)
    monkeypatch.setattr(clock, "_clock", lambda: now + timedelta(minutes=5))

    console = Console(record=True, width=300)
    run = Run(platform.settings, platform.registry, now)
    code = summary(console, run, [honest.version], "run.log")
    assert (code, "cli/take_back_future.py" in console.export_text()) == (NOT_PUBLISHED, True)

    take_back(platform.settings, now, dry_run=True)
    assert platform.release.version == wrong.name
    take_back(platform.settings, now)
    take_back(platform.settings, now)
    assert platform.release.version == honest.version
    assert platform.ledger.versions[-1].first_seen == now
    assert platform.ledger.versions[:-1] == ledger.versions[:-1]
    offered = offered_release(platform.settings)
    assert offered is not None
    assert offered.version == honest.version
    assert not (platform.drive / "Public/releases" / wrong.name).exists()
    assert (
        json.loads((platform.drive / "Public/latest.json").read_text())["version"] == honest.version
    )
