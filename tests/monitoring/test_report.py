"""People are notified by a real mail server and by a server that answers as GitHub does: once, and never not."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from include.core.plain_text import BREAK, UNSAFE
from include.core.settings import PROJECT_DIR, Settings
from include.monitoring import report
from include.monitoring.causes import Cause, named
from include.monitoring.health import read_health
from include.monitoring.rules import load_rules
from tests.support.health_server import Issues, Mailbox, mail_server
from tests.support.platform import Platform
from tests.support.raw_files import retouched, small_drive, thermopro, times

RULES = load_rules(PROJECT_DIR / "include/dbt/seeds")
HOSTILE = "<img src=x> `` ` \x1b[31m ![a](http://b.cd) @team\n#1"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with mail_server() as (found, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield found


def test_a_refused_file_is_reported_within_one_run_once_by_mail_and_issue_and_closed_when_it_is_cured(
    new_platform: Callable[..., Platform], mailbox: Mailbox, issues: Issues
) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    broken = thermopro(
        platform.raw,
        "CCEA",
        times("2026-01-20 00:00", 30),
        value=lambda n: "20,5",
        exported=1769904777,
    )
    platform.run("2026-02-04")
    [waiting] = [cause for cause in read_health(platform.settings) if cause.check == "quarantine"]
    assert waiting.key == broken.name
    written = [issue for issue in issues.all.values() if "1769904777" in issue["body"]]
    assert len(written) == 1
    assert written[0]["title"].startswith("Data Quality Alert - 2026-02-04 - ")
    assert [label["name"] for label in written[0]["labels"]] == ["data-quality", "automated"]
    assert written[0]["state"] == "open"
    assert sum(broken.name in text for text in mailbox.texts) >= 1
    mails, writes = len(mailbox.received), len(issues.all)

    platform.run("2026-02-04")
    assert (len(mailbox.received), len(issues.all)) == (mails, writes)

    broken.unlink()
    platform.run("2026-02-05")
    assert written[0]["state"] == "closed" and written[0]["comments_made"]
    assert sum("resolved" in text and broken.name in text for text in mailbox.texts) == 1


def test_what_cannot_be_sent_is_sent_by_the_next_run_and_a_red_run_is_mailed(
    new_platform: Callable[..., Platform], mailbox: Mailbox, issues: Issues
) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    thermopro(
        platform.raw,
        "CCEA",
        times("2026-01-20 00:00", 30),
        value=lambda n: "20,5",
        exported=1769904777,
    )
    mailbox.closed, issues.answers = True, [403, 422, 403, 422, 403, 422]
    platform.run("2026-02-04")
    assert (
        platform.states["aggregate_and_publish"] == "success"
    )  # a failed notification stops nothing
    assert platform.states["monitor_quality.run_health_checks"] == "success"
    assert platform.states["monitor_quality.notify_by_mail"] == "failed"
    assert platform.states["monitor_quality.notify_by_issue"] == "failed"
    assert mailbox.received == []

    mailbox.closed, issues.answers = False, []
    platform.run("2026-02-04", only="monitor_quality")
    assert platform.states["monitor_quality"] == "success"
    bodies = [issue["body"] for issue in issues.all.values()]
    assert (
        len(bodies)
        == len(set(bodies))
        == len([cause for cause in read_health(platform.settings) if cause.is_open])
    )
    assert any(
        "monitor_quality: last run failed" in text for text in mailbox.texts
    )  # its last run was red

    (
        platform.settings.paths.findings / "notified_by_issues.json"
    ).unlink()  # as if the machine had died before it was written
    platform.run("2026-02-04", only="monitor_quality")
    assert len(issues.all) == len(bodies)  # found again by their markers


def a_cause(key: str, **more: Any) -> Cause:
    at = datetime(2026, 2, 4, tzinfo=UTC)
    return Cause(
        "quarantine",
        "error",
        at,
        at,
        "seen",
        building_id="sm2",
        message=f"{key} waits",
        cure="look",
        id=key,
        found=at,
        key=key,
        **more,
    )


class Tracker:
    """Issues in memory."""

    def __init__(self) -> None:
        self.bodies: dict[int, str] = {}
        self.titles: dict[int, str] = {}
        self.closed: set[int] = set()

    def find(self, marker: str) -> int | None:
        return next((number for number, body in self.bodies.items() if marker in body), None)

    def create(self, title: str, body: str, labels: Iterable[str]) -> int:
        number = len(self.bodies) + 1
        self.bodies[number], self.titles[number] = body, title
        return number

    def update(self, number: int, body: str) -> None:
        self.bodies[number] = body

    def close(self, number: int, comment: str) -> None:
        self.closed.add(number)


def test_one_run_opens_a_limited_number_of_issues_and_one_for_the_rest(tmp_path: Path) -> None:
    settings, tracker = replace(Settings.from_environment(), data_dir=tmp_path), Tracker()
    causes = [a_cause(f"cause{n}") for n in range(2000)]
    assert report.notify_by_issue(settings, causes, tracker) == []
    assert len(tracker.bodies) == 21
    rest = tracker.bodies[21]
    assert (
        "further findings" in tracker.titles[21]
        and "cause20 waits" in rest
        and len(rest) < 65_536
        and "… and" in rest
    )

    assert (
        report.notify_by_issue(settings, causes, tracker) == []
    )  # a later run opens none of them again
    later = datetime(2026, 2, 5, tzinfo=UTC)
    another = replace(a_cause("another"), found=later)
    assert report.notify_by_issue(settings, [*causes, another], tracker) == []
    assert len(tracker.bodies) == 22 and "another waits" in tracker.bodies[22]

    still = [
        replace(cause, status="resolved") if n != 1500 else cause for n, cause in enumerate(causes)
    ]
    assert report.notify_by_issue(settings, still, tracker) == []
    assert len(tracker.closed) == 20 and 21 not in tracker.closed
    assert (
        report.notify_by_issue(
            settings, [replace(cause, status="resolved") for cause in causes], tracker
        )
        == []
    )
    assert 21 in tracker.closed and len(tracker.bodies) == 22


def test_a_summary_that_was_written_and_forgotten_is_found_again(tmp_path: Path) -> None:
    settings, tracker = replace(Settings.from_environment(), data_dir=tmp_path), Tracker()
    causes = [a_cause(f"cause{n}") for n in range(30)]
    report.notify_by_issue(settings, causes, tracker)
    (settings.paths.findings / "notified_by_issues.json").unlink()
    report.notify_by_issue(settings, causes, tracker)
    assert len(tracker.bodies) == 21


def test_issues_and_mails_fit_whatever_they_report_and_say_how_much_is_missing() -> None:
    causes = [
        replace(
            a_cause(str(n)), message="<@" * 150, evidence="`[" * 500, detail="``` & <\n" * 10_000
        )
        for n in range(3000)
    ]
    for body in (report._body(causes, "a key"), report._body(causes[:1], "a key")):
        assert len(body) < 65_536 and body.endswith("<!-- sensor-platform:a key -->\n")
    assert "more: see the page Overview in Airflow" in report._body(causes, "a key")
    mail = report._mail(causes, "2026-02-04")
    assert (
        len(mail.html) < 200_500
        and "more: see the page Overview in Airflow" in mail.html
        and len(mail.subject) <= 200
    )


@given(st.text())
@example(HOSTILE)
def test_names_from_files_are_text_in_issues_and_mails(name: str) -> None:
    cause = named(
        replace(a_cause("x"), check="quarantine", evidence=name, key=name, detail=name), RULES
    )
    body = report._body([cause], "key")
    rendered = MarkdownIt("commonmark").render(body)
    assert set(re.findall(r"<(\w+)", rendered)) <= {"h3", "ul", "li", "strong", "pre", "code"}, (
        rendered
    )
    mail = report._mail([cause], "2026-02-04")
    assert set(re.findall(r"<(\w+)", mail.html)) <= {"html", "body", "h3", "p", "br", "pre"}
    for text in (body, mail.subject, mail.html, cause.message):
        assert not [
            sign
            for sign in text
            if unicodedata.category(sign) in UNSAFE and sign not in ("\n", BREAK)
        ]
    assert "\n" not in mail.subject + cause.message


@pytest.mark.parametrize("status", [403, 422, 500, 502, 503])
def test_an_answer_that_is_no_answer_reports_nothing_twice(
    new_platform: Callable[..., Platform], issues: Issues, status: int
) -> None:
    from sensor_platform.channels import GithubIssues

    settings, causes = new_platform().settings, [a_cause("one"), a_cause("two")]
    issues.answers_when_done = [
        status
    ]  # the first issue is written, and the answer does not say so
    failed = report.notify_by_issue(settings, causes, GithubIssues())
    assert len(failed) == 1 and "one waits" in failed[0] and str(status) in failed[0]
    assert report.notify_by_issue(settings, causes, GithubIssues()) == []
    assert sorted(issue["title"] for issue in issues.all.values()) == [
        f"Data Quality Alert - 2026-02-04 - {key} waits" for key in ("one", "two")
    ]


def test_one_issue_a_building_and_day_is_updated_and_closed_with_its_last_cause(
    new_platform: Callable[..., Platform], issues: Issues
) -> None:
    from sensor_platform.channels import GithubIssues

    settings = new_platform().settings

    def reported(*causes: Cause) -> dict[str, Any]:
        assert report.notify_by_issue(settings, list(causes), GithubIssues(), per_day=True) == []
        [issue] = issues.all.values()
        return issue

    issue = reported(a_cause("one"), a_cause("two"))
    assert issue["title"] == "Data Quality Alert - 2026-02-04 - sm2"
    assert "one waits" in issue["body"] and "two waits" in issue["body"]
    assert reported(a_cause("one", status="resolved"), a_cause("two"))["state"] == "open"
    assert (
        reported(a_cause("one", status="resolved"), a_cause("two", status="resolved"))["state"]
        == "closed"
    )


def test_a_renamed_column_is_shown_side_by_side_with_the_rows_to_paste(
    new_platform: Callable[..., Platform],
) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    [graph] = platform.raw.glob("Graph*")
    retouched(graph, lambda content: content.replace(b"temp-tea-sani (", b"temp-tea-saci ("))
    platform.run("2026-02-04")
    [waiting] = [cause for cause in read_health(platform.settings) if cause.check == "quarantine"]
    assert (
        ".*temp-tea-sani" in waiting.detail
        and "perhaps now: KOT1/VZT 01 | Obj. 1/vzt01_temp-tea-saci (°C)" in waiting.detail
    )
    assert (
        "sm2_atrea,KOT1/VZT 01 | Obj. 1/vzt01_temp-tea-saci (°C),mapped,,VZT01,sm2_01,temp_intake,1.0,0.0,,,"
        in waiting.detail.splitlines()
    )
