"""People are told by a real mail server and by a server that answers as GitHub does: once, and never not."""

from collections.abc import Callable, Iterator

import pytest

from include.monitoring.health import read_health
from tests.health_server import Issues, Mailbox, issue_server, mail_server
from tests.platform import Platform
from tests.raw_files import retouched, small_drive, thermopro, times


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mail_server() as (found, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def issues(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issues]:
    with issue_server() as (found, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield found


def test_a_refused_file_is_told_within_one_run_once_by_mail_and_issue_and_closed_when_it_is_cured(
    new_platform: Callable[..., Platform], mailbox: Mailbox, issues: Issues
) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    broken = thermopro(platform.raw, "CCEA", times("2026-01-20 00:00", 30), value=lambda n: "20,5", exported=1769904777)
    platform.run("2026-02-04")
    [waiting] = [cause for cause in read_health(platform.settings) if cause.check == "quarantine"]
    assert waiting.key == broken.name
    told = [issue for issue in issues.all.values() if "1769904777" in issue["body"]]
    assert len(told) == 1
    assert told[0]["title"].startswith("Data Quality Alert - 2026-02-04 - ")
    assert [label["name"] for label in told[0]["labels"]] == ["data-quality", "automated"]
    assert told[0]["state"] == "open"
    assert sum(broken.name in text for text in mailbox.texts) >= 1
    mails, writes = len(mailbox.received), len(issues.all)

    platform.run("2026-02-04")
    assert (len(mailbox.received), len(issues.all)) == (mails, writes)

    broken.unlink()
    platform.run("2026-02-05")
    assert told[0]["state"] == "closed" and told[0]["comments_made"]
    assert sum("resolved" in text and broken.name in text for text in mailbox.texts) == 1


def test_what_cannot_be_told_is_told_by_the_next_run_and_a_red_run_is_mailed(new_platform: Callable[..., Platform], mailbox: Mailbox, issues: Issues) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    thermopro(platform.raw, "CCEA", times("2026-01-20 00:00", 30), value=lambda n: "20,5", exported=1769904777)
    mailbox.closed, issues.answers = True, [403, 422, 403, 422, 403, 422]
    platform.run("2026-02-04")
    assert platform.states["aggregate_and_publish"] == "success"  # telling nobody stops nothing
    assert platform.states["monitor_quality.look_at_health"] == "success"
    assert platform.states["monitor_quality.tell_by_mail"] == "failed"
    assert platform.states["monitor_quality.tell_by_issue"] == "failed"
    assert mailbox.received == []

    mailbox.closed, issues.answers = False, []
    platform.run("2026-02-04", only="monitor_quality")
    assert platform.states["monitor_quality"] == "success"
    bodies = [issue["body"] for issue in issues.all.values()]
    assert len(bodies) == len(set(bodies)) == len([cause for cause in read_health(platform.settings) if cause.is_open])
    assert any("monitor_quality has failed" in text for text in mailbox.texts)  # its last run was red

    (platform.settings.paths.findings / "told_by_issues.json").unlink()  # as if the machine had died before it was written
    platform.run("2026-02-04", only="monitor_quality")
    assert len(issues.all) == len(bodies)  # found again by their markers


def test_a_renamed_column_is_shown_side_by_side_with_the_rows_to_paste(new_platform: Callable[..., Platform]) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    [graph] = platform.raw.glob("Graph*")
    retouched(graph, lambda content: content.replace(b"temp-tea-sani (", b"temp-tea-saci ("))
    platform.run("2026-02-04")
    [waiting] = [cause for cause in read_health(platform.settings) if cause.check == "quarantine"]
    assert ".*temp-tea-sani" in waiting.detail and "perhaps now: KOT1/VZT 01 | Obj. 1/vzt01_temp-tea-saci (°C)" in waiting.detail
    assert "sm2_atrea,KOT1/VZT 01 | Obj. 1/vzt01_temp-tea-saci (°C),mapped,,VZT01,sm2_01,temp_intake,1.0,0.0,," in waiting.detail.splitlines()
