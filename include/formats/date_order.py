"""Which of the declared date formats a file uses: proven, never guessed.

`05/01/2026` is 5 January or 1 May. A file keeps to one order. In this order, what settles it:

1. a day above 12, or any date that only one format can read;
2. the time of export in the file's name: an export ends on the day it was made;
3. what the other files of the same device have proven by 1 or 2, if they all agree;
4. steadiness: only one order lets readings follow each other at the interval that is declared for
the device.

A file that none of these settles is refused and judged again when other files of the device arrive.
Since 3 counts only files that were proven by themselves, the order in which files arrive does not
matter.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Literal

EXPORT_COVERS = timedelta(
    days=62
)  # an export ends on the day it was made; the margin is for what is sent late
EARLIEST, LATEST = (
    date(1970, 1, 2),
    date(2199, 12, 31),
)  # beyond, no device has measured and calendars overflow
Basis = Literal["itself", "not needed", "other files", "steadiness"]


@dataclass(frozen=True)
class Proof:
    """A date format, and what proved it. Only a file proven by `itself` counts for other files."""

    format: str
    basis: Basis


@dataclass(frozen=True)
class DateText:
    """One distinct date text: the first and last time of day in its lines, in seconds since
    midnight.
    """

    text: str
    first: int = 0
    last: int = 0


class Unproven(Exception):
    """No declared format is proven; `witness` is the date text that shows it, None if no single one
    does.
    """

    def __init__(self, message: str, cure: str, witness: str | None = None) -> None:
        self.message, self.cure, self.witness = message, cure, witness
        super().__init__(message)


def parse_date(text: str, format_: str) -> date | None:
    """The date that a text means in a format; None if it means none."""
    try:
        day = datetime.strptime(text, format_).date()
    except ValueError:
        return None
    return day if text.isascii() and EARLIEST <= day <= LATEST else None


def prove_date_format(
    dates: Sequence[DateText],
    formats: Sequence[str],
    exported: datetime | None = None,
    others: Collection[str] = (),
    interval: timedelta | None = None,
) -> Proof:
    """The format of the distinct date texts of a file, each of which at least one format can read.

    Args:
        dates: the texts, in order of appearance.
        formats: the declared strptime formats.
        exported: the time of export in the file's name, if it holds one.
        others: the formats that other files of the device have proven by themselves.
        interval: the device's declared interval between readings.

    Raises:
        Unproven: no format, or more than one, is left.
    """
    parsed = {format_: [parse_date(day.text, format_) for day in dates] for format_ in formats}
    fitting = {
        format_: [day for day in days if day]
        for format_, days in parsed.items()
        if None not in days
    }
    if not fitting:
        raise _mixed(dates, parsed)
    if len(fitting) == 1:
        return Proof(next(iter(fitting)), "itself" if len(formats) > 1 else "not needed")
    if len({tuple(days) for days in fitting.values()}) == 1:
        return Proof(next(iter(fitting)), "not needed")
    timely = [
        format_
        for format_, days in fitting.items()
        if exported and _fits_export(max(days), exported)
    ]
    if len(timely) == 1:
        return Proof(timely[0], "itself")
    proven = [format_ for format_ in fitting if format_ in others]
    if len(proven) == 1 and len(set(others)) == 1:
        return Proof(proven[0], "other files")
    steady = [
        format_
        for format_, days in fitting.items()
        if interval and _is_steady(days, dates, interval)
    ]
    if len(steady) == 1:
        return Proof(steady[0], "steadiness")
    raise Unproven(
        f"ambiguous dates: {dates[0].text} fits {' and '.join(fitting)}, and neither this file nor"
        " others of its device decide",
        "Upload another export of the device that holds a day above 12, or leave one format in"
        " file_formats.csv",
    )


def _fits_export(last: date, exported: datetime) -> bool:
    day = exported.astimezone(UTC).date()
    return day - EXPORT_COVERS <= last <= day + timedelta(days=1)


def _is_steady(days: Sequence[date], dates: Sequence[DateText], interval: timedelta) -> bool:
    """Whether each day begins one interval after the day before it ended (half an interval more or
    less).
    """
    in_order = sorted(zip(days, dates, strict=True), key=lambda pair: pair[0])
    steps = [
        (later - earlier) + timedelta(seconds=after.first - before.last)
        for (earlier, before), (later, after) in pairwise(in_order)
    ]
    return all(interval / 2 <= step <= interval * 1.5 for step in steps)


def _mixed(dates: Sequence[DateText], parsed: Mapping[str, Sequence[date | None]]) -> Unproven:
    witnesses = [dates[list(days).index(None)].text for days in parsed.values()]
    return Unproven(
        f"mixed date orders: {' and '.join(witnesses)} cannot be of one format",
        "Split the file, or export it again with one date format",
        witnesses[0],
    )
