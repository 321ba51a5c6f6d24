"""Puts episodes of one cause together, and keeps account of which causes are new, ongoing or
resolved.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Literal

from include.core.plain_text import shortened, visible
from include.monitoring.checks import Episode
from include.monitoring.rules import Rules
from include.registry.rows import Silence

Status = Literal["new", "ongoing", "resolved"]
HOUR = timedelta(hours=1)
# What is over for a day is resolved; a fault flickers before it ends.
OVER = timedelta(hours=24)
REMEMBERED = timedelta(days=7)
LONGEST_NAME = 300  # characters of a message that name what it is about


@dataclass(frozen=True)
class Cause:
    """Something that is wrong: one check, one stretch of time, and everything that it touches.

    What it touches is empty where all is meant: no sensors, the whole source; no building, the
    platform. `since` and
    `until` are UTC.
    """

    check: str
    severity: Literal["error", "warning"]
    since: datetime
    until: datetime
    evidence: str
    building_id: str = ""
    sources: tuple[str, ...] = ()
    sensors: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    measurements: tuple[str, ...] = ()
    message: str = ""
    cure: str = ""
    id: str = ""
    status: Status = "new"
    found: datetime | None = None
    resolved: datetime | None = None
    silenced_by: str = ""
    key: str = ""  # distinguishes causes that have no sensor, such as files
    detail: str = ""  # more for the person who acts on it, such as rows to paste
    restricted: bool = False  # whether its building is

    @property
    def is_open(self) -> bool:
        """Whether it is not resolved."""
        return self.status != "resolved"

    @property
    def redacted(self) -> "Cause":
        """As logs, pages and issues may have it: of a restricted building, only what kind it is."""
        if not self.restricted:
            return self
        kind = self.message.rpartition(": ")[2]
        return replace(
            self,
            sources=(),
            sensors=(),
            locations=(),
            measurements=(),
            message=f"{self.building_id}: {kind}",
            evidence="see findings/health.json in DATA_DIR",
            key="",
            detail="",
            silenced_by=self.silenced_by and "a row of silences.csv",
        )

    def to_json(self) -> dict[str, Any]:
        """As written to health.json."""
        times = {
            name: value.isoformat()
            for name in ("since", "until", "found", "resolved")
            if (value := getattr(self, name))
        }
        return {**asdict(self), **times}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Cause":
        """From an entry of health.json."""
        times = {
            name: datetime.fromisoformat(row[name])
            for name in ("since", "until", "found", "resolved")
            if row[name]
        }
        lists = {
            name: tuple(row[name]) for name in ("sources", "sensors", "locations", "measurements")
        }
        return cls(**{**row, **times, **lists})


def causes_of(episodes: Iterable[Episode], rules: Rules) -> list[Cause]:
    """Episodes of one check and building that begin and end together have one cause."""
    found: list[Cause] = []
    in_order = sorted(
        episodes,
        key=lambda e: (
            e.check,
            e.building_id,
            e.since,
            e.until,
            e.source,
            e.sensor_id,
            e.measurement,
        ),
    )
    for _, group in groupby(in_order, key=lambda e: (e.check, e.building_id)):
        together: list[list[Episode]] = []
        for episode in group:
            fitting = next((members for members in together if _at_once(members[0], episode)), None)
            if fitting is None:
                together.append([episode])
            else:
                fitting.append(episode)
        found += [_cause(members, rules) for members in together]
    return found


def _at_once(one: Episode, other: Episode) -> bool:
    if one.check == "silent":
        # it lasts until somebody acts: a tolerance that grew with it would merge open incidents
        # after weeks, and close one of them;
        # a source that is silent is another incident than single sensors of one that is not
        return bool(one.sensor_id) == bool(other.sensor_id) and abs(one.since - other.since) <= HOUR
    tolerance = max(HOUR, (one.until - one.since) / 20)
    return abs(one.since - other.since) <= tolerance and abs(one.until - other.until) <= tolerance


def _cause(members: list[Episode], rules: Rules) -> Cause:
    longest = max(members, key=lambda e: (e.is_error, e.until - e.since))
    whole_source = any(not e.sensor_id for e in members)
    cause = Cause(
        check=longest.check,
        severity="error" if longest.is_error else "warning",
        building_id=longest.building_id,
        sources=tuple(sorted({e.source for e in members if e.source})),
        sensors=() if whole_source else tuple(sorted({e.sensor_id for e in members})),
        locations=(
            () if whole_source else tuple(sorted({e.location for e in members if e.location}))
        ),
        measurements=(
            () if whole_source else tuple(sorted({e.measurement for e in members if e.measurement}))
        ),
        since=min(e.since for e in members),
        until=max(e.until for e in members),
        evidence=longest.evidence,
    )
    return named(cause, rules)


def named(cause: Cause, rules: Rules) -> Cause:
    """The same with an id, and with words for people: names from files are in them, without control
    characters.
    """
    rule = rules.checks[cause.check]
    who = " and ".join(cause.sources) or cause.building_id
    if cause.sensors:
        who += f" {_listed(cause.locations)} ({_listed(cause.sensors)})"
    facts = (
        f"{cause.check} {cause.building_id} {cause.sources} {cause.sensors} {cause.key}"
        f" {cause.since.isoformat()}"
    )
    who = f"{who} {cause.key}".strip()
    digest = hashlib.sha256(facts.encode(errors="surrogatepass")).hexdigest()[:8]
    message = f"{visible(shortened(who, LONGEST_NAME))}: {rule.title}"
    return replace(
        cause,
        message=message,
        evidence=visible(shortened(cause.evidence)),
        cure=rule.cure,
        id=digest,
    )


def _listed(names: tuple[str, ...], shown: int = 5) -> str:
    return ", ".join(names[:shown]) + (
        f" and {len(names) - shown} more" if len(names) > shown else ""
    )


def account(
    before: Iterable[Cause],
    now: Iterable[Cause],
    as_of: datetime,
    rules: Rules,
    unseen: Collection[str] = (),
) -> list[Cause]:
    """What is new, what goes on, and what is over; a cause keeps the id under which people know it.

    A cause that was over when it was found is new once, and resolved from the next run on. One that
    is found no more is kept as resolved for a week, so that every channel has time to report it. Of
    buildings that were not checked (`unseen`) nothing is resolved.
    """
    known = {cause.id: cause for cause in before}
    result = []
    for cause in now:
        old = next((candidate for candidate in known.values() if _same(candidate, cause)), None)
        if old is None:
            result.append(replace(cause, status="new", found=as_of))
            continue
        del known[old.id]
        if cause.until + OVER < as_of:
            result.append(
                replace(
                    cause,
                    id=old.id,
                    found=old.found,
                    status="resolved",
                    resolved=old.resolved or as_of,
                )
            )
        else:
            result.append(replace(cause, id=old.id, found=old.found, status="ongoing"))
    for cause in known.values():
        if cause.is_open and cause.building_id in unseen:
            result.append(replace(cause, status="ongoing"))
            continue
        resolved = cause.resolved or as_of
        if as_of - resolved < REMEMBERED:
            result.append(replace(cause, status="resolved", resolved=resolved))
    return [_silenced(cause, rules.silences, as_of.date()) for cause in result]


def _same(one: Cause, other: Cause) -> bool:
    """The same check and place, at an overlapping time."""
    if (one.check, one.building_id, one.key) != (other.check, other.building_id, other.key):
        return False
    shared = _share(one.sources, other.sources) and _share(one.sensors, other.sensors)
    return shared and one.since <= other.until and other.since <= one.until


def _share(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return bool(set(some) & set(others)) or some == others


def _silenced(cause: Cause, silences: Iterable[Silence], today: date) -> Cause:
    for silence in silences:
        if (
            silence.expires > today
            and silence.check in ("", cause.check)
            and silence.building_id in ("", cause.building_id)
            and (not silence.source or silence.source in cause.sources)
            and (not silence.sensor_id or cause.sensors == (silence.sensor_id,))
        ):
            return replace(
                cause, silenced_by=f"{silence.owner}, until {silence.expires}: {silence.reason}"
            )
    return replace(cause, silenced_by="")
