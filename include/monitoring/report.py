"""Notifies people by e-mail and issues, of the causes that a channel has not sent already.

`findings/notified_by_<channel>.json` is written after each message that was sent. The next run
sends the messages that failed and does not repeat the others. A machine that dies between the two
sends the message again, with the same Message-ID or the same marker: mail programs show it once,
and issues are found by their marker.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import Any, Protocol

from include.core import files
from include.core.plain_text import counted, fenced, plain, shortened, visible, visible_lines
from include.core.settings import Settings
from include.monitoring.causes import Cause

LABELS = ("data-quality", "automated")
MOST_NEW = 20  # issues opened by one run; further causes share one
LONGEST_BODY = 60_000  # characters of an issue; GitHub takes 65,536
LONGEST_MAIL = 200_000  # characters of a mail
REST = "further-"  # begins the key of an issue that many causes share
LONGEST_DETAIL = 20_000  # characters of rows to paste and the like


@dataclass(frozen=True)
class Mail:
    """One e-mail; without recipients it goes to those of the connection."""

    subject: str
    html: str
    message_id: str
    to: tuple[str, ...] = ()


class IssueTracker(Protocol):
    """Where issues live. Every method raises what its library raises."""

    def find(self, marker: str) -> int | None:
        """The number of the issue whose body holds the marker."""

    def create(self, title: str, body: str, labels: Iterable[str]) -> int:
        """Open an issue; returns its number."""

    def update(self, number: int, body: str) -> None:
        """Replace an issue's body."""

    def close(self, number: int, comment: str) -> None:
        """Close an issue with a comment."""


def notify_by_mail(
    settings: Settings,
    causes: list[Cause],
    as_of: datetime,
    send: Callable[[Mail], None],
    people: Mapping[str, tuple[str, ...]] | None = None,
) -> int:
    """Errors at once, each run's in one mail; warnings and what is resolved in a digest, once a
    day. Returns the mails sent.

    `people`: the addresses of a building, who get its causes with all that is known, and nobody
    else does. A mail that fails stops no other; the first failure is raised in the end.
    """
    groups: dict[tuple[str, ...], list[Cause]] = {}
    for cause in causes:
        to = (people or {}).get(cause.building_id, ())
        groups.setdefault(to, []).append(cause if to else cause.redacted)
    sent, failures = 0, list[Exception]()
    for to, own in sorted(groups.items()):
        try:
            sent += _mail_to(settings, to, own, as_of, send)
        except Exception as error:  # whatever it is, the others must be sent
            failures.append(error)
    if failures:
        raise failures[0]
    return sent


def _mail_to(
    settings: Settings,
    to: tuple[str, ...],
    causes: list[Cause],
    as_of: datetime,
    send: Callable[[Mail], None],
) -> int:
    notified = _memory(settings, "mail")
    digest_of = " ".join(("digest_of", *to))
    loud = [cause for cause in causes if not cause.silenced_by]
    opened = [cause for cause in loud if cause.is_open and notified.get(cause.id) != "open"]
    urgent = [cause for cause in opened if cause.severity == "error"]
    rest = [cause for cause in opened if cause not in urgent] + [
        cause for cause in loud if not cause.is_open and notified.get(cause.id) == "open"
    ]
    today = f"{as_of:%Y-%m-%d}"
    sent = 0
    for name, chosen in (("urgent", urgent), ("digest", rest)):
        if not chosen or (name == "digest" and notified.get(digest_of) == today):
            continue
        send(replace(_mail(chosen, today), to=to))
        notified |= {cause.id: "open" if cause.is_open else "resolved" for cause in chosen} | (
            {digest_of: today} if name == "digest" else {}
        )
        _remember(settings, "mail", notified)
        sent += 1
    return sent


def _mail(causes: list[Cause], today: str) -> Mail:
    errors = sum(cause.severity == "error" and cause.is_open for cause in causes)
    what = counted(errors, "problem") if errors else f"digest of {counted(len(causes), 'incident')}"
    facts = " ".join(f"{cause.id}:{cause.status}" for cause in causes)
    digest = hashlib.sha256(f"{today} {facts}".encode()).hexdigest()[:24]
    return Mail(
        subject=shortened(
            visible(f"Data Quality Alert - {today} - {what}: {causes[0].message}"), 200
        ),
        html="<html><body>"
        + "".join(_fitting(causes, _paragraph, LONGEST_MAIL, "<p>{}</p>"))
        + "</body></html>",
        message_id=f"<{digest}@sensor-platform>",
    )


def _paragraph(cause: Cause) -> str:
    detail = (
        f"<pre>{escape(visible_lines(shortened(cause.detail, LONGEST_DETAIL)))}</pre>"
        if cause.detail
        else ""
    )
    message, evidence, cure = (
        escape(visible(text)) for text in (cause.message, cause.evidence, cause.cure)
    )
    return (
        f"<h3>{message}</h3><p>{cause.severity}, {cause.status}, {_period(cause)}<br>What was seen:"
        f" {evidence}<br>What to do: {cure}</p>{detail}"
    )


def notify_by_issue(
    settings: Settings, causes: list[Cause], tracker: IssueTracker, *, per_day: bool = False
) -> list[str]:
    """Write one issue a cause, or one a building and day; close it when resolved.

    Returns the issues that failed; one failure does not stop the others. A run opens at most
    `MOST_NEW` issues and one for the rest. `notified` has the number of each issue, and for a
    cause of the rest the key of the issue that it shares. Of restricted buildings there are none:
    an issue tracker may be public.
    """
    notified = _memory(settings, "issues")
    failed = []
    causes = [cause for cause in causes if not cause.restricted]
    for issue in _issues(causes, notified, per_day):
        try:
            notified[issue.key] = _write(issue, notified.get(issue.key), tracker)
            notified |= {cause_id: {"in": issue.key} for cause_id in issue.shared_by}
        except Exception as error:  # whatever it is, the other issues must be written
            failed.append(f"{issue.title}: {type(error).__name__}: {error}")
            continue
        _remember(settings, "issues", notified)
    return failed


@dataclass(frozen=True)
class _Issue:
    key: str
    title: str
    body: str
    is_open: bool
    shared_by: tuple[str, ...] = ()


def _issues(causes: list[Cause], notified: dict[str, Any], per_day: bool) -> list[_Issue]:
    """Every issue that is open or ought to be, with the causes that belong into it."""
    members: dict[str, list[Cause]] = {}
    for cause in causes:
        own = (
            f"{cause.building_id}-{cause.found:%Y-%m-%d}"
            if per_day
            else notified.get(cause.id, {}).get("in", cause.id)
        )
        members.setdefault(own, []).append(cause)
    opened = [
        key
        for key, found in members.items()
        if key not in notified and any(cause.is_open and not cause.silenced_by for cause in found)
    ]
    rest = [] if per_day else [cause for key in opened[MOST_NEW:] for cause in members.pop(key)]
    if rest:
        members.setdefault(f"{REST}{rest[0].found:%Y-%m-%d}", []).extend(rest)
    issues = []
    for key, found in members.items():
        is_open = any(cause.is_open and not cause.silenced_by for cause in found)
        if is_open or notified.get(key, {}).get("is_open"):
            if key.startswith(REST):
                title = (
                    f"{found[0].found:%Y-%m-%d} - further findings, more than one run opens"
                    " issues for"
                )
            else:
                title = (
                    f"{found[0].found:%Y-%m-%d} - {found[0].building_id}"
                    if per_day
                    else f"{found[0].since:%Y-%m-%d} - {found[0].message}"
                )
            shared = tuple(cause.id for cause in found) if key.startswith(REST) else ()
            issues.append(
                _Issue(
                    key,
                    shortened(visible(f"Data Quality Alert - {title}"), 250),
                    _body(found, key),
                    is_open,
                    shared,
                )
            )
    return issues


def _write(issue: _Issue, before: dict[str, Any] | None, tracker: IssueTracker) -> dict[str, Any]:
    digest = hashlib.sha256(issue.body.encode()).hexdigest()[:16]
    if before is None:
        number = tracker.find(_marker(issue.key))
        if number is None:
            number = tracker.create(issue.title, issue.body, LABELS)
        # written by a run that ended before it could remember; its causes may have been others
        else:
            tracker.update(number, issue.body)
    else:
        number = before["number"]
        if before["body"] != digest:
            tracker.update(number, issue.body)
    if not issue.is_open:
        tracker.close(number, "Resolved: it has been over for a day, or was not found again.")
    return {"number": number, "body": digest, "is_open": issue.is_open}


def _body(causes: list[Cause], key: str) -> str:
    """Markdown; the marker at its end names the issue for later runs."""
    return "\n".join(_fitting(causes, _section, LONGEST_BODY, "{}\n")) + f"\n{_marker(key)}\n"


def _section(cause: Cause) -> str:
    detail = f"\n{fenced(cause.detail, longest=LONGEST_DETAIL)}\n" if cause.detail else ""
    return (
        f"### {plain(cause.message)}\n\n- **{cause.severity}**,"
        f" {'open' if cause.is_open else 'resolved'},"
        f" {_period(cause)}{f', building {cause.building_id}' if cause.building_id else ''}\n- What"
        f" was seen: {plain(cause.evidence)}\n- What to do: {plain(cause.cure)}\n{detail}"
    )


def _fitting(
    causes: list[Cause], part_of: Callable[[Cause], str], longest: int, rest: str
) -> list[str]:
    """The parts of the first causes, as many as fit into so many characters, and a last one that
    counts the others.
    """
    size, fitting = 0, []
    for cause in causes:
        part = part_of(cause)
        size += len(part) + 1
        if size > longest:
            break
        fitting.append(part)
    left = len(causes) - len(fitting)
    return (
        [
            *fitting,
            rest.format(
                f"… and {left:,} more: see the page Overview in Airflow, or findings/health.json in"
                " DATA_DIR"
            ),
        ]
        if left
        else fitting
    )


def _marker(key: str) -> str:
    return f"<!-- sensor-platform:{key} -->"


def _period(cause: Cause) -> str:
    return f"{cause.since:%Y-%m-%d %H:%M} to {cause.until:%Y-%m-%d %H:%M} UTC"


def _memory(settings: Settings, channel: str) -> dict[str, Any]:
    return dict(files.read_or(settings.paths.findings / f"notified_by_{channel}.json", {}))


def _remember(settings: Settings, channel: str, notified: dict[str, Any]) -> None:
    files.write_json(settings.paths.findings / f"notified_by_{channel}.json", notified)
