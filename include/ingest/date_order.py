"""Which of the declared date formats a file uses: proven, never guessed.

`05/01/2026` is 5 January or 1 May. A file keeps to one order, so one of these settles it: a day above 12; only one
order gives days that follow each other; only one order fits the time of export in the file's name. A file that two
orders fit equally well is refused.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median

EXPORT_COVERS = timedelta(days=62)  # an export ends on the day it was made; the margin is for what is sent late
EARLIEST, LATEST = date(1970, 1, 2), date(2199, 12, 31)  # beyond, no device has measured and calendars overflow


class Unproven(Exception):
    """No declared format is proven; `witness` is the date text that shows it, None if no single one does."""

    def __init__(self, check: str, message: str, cure: str, witness: str | None = None) -> None:
        self.check, self.message, self.cure, self.witness = check, message, cure, witness
        super().__init__(message)


def prove_date_format(texts: Sequence[str], formats: Sequence[str], exported: datetime | None) -> str:
    """The format of the distinct date texts, in order of appearance. Raises Unproven if there is none or more than one."""
    parsed = {format_: [_parse(text, format_) for text in texts] for format_ in formats}
    fitting = {format_: [day for day in days if day] for format_, days in parsed.items() if None not in days}
    if not fitting:
        raise _unreadable(texts, parsed)
    if len({tuple(days) for days in fitting.values()}) == 1:
        return next(iter(fitting))
    steady = [format_ for format_, days in fitting.items() if len(days) > 1 and _follow_each_other(days)]
    if len(steady) == 1:
        return steady[0]
    if exported:
        timely = [format_ for format_, days in fitting.items() if _fits_export(max(days), exported)]
        if len(timely) == 1:
            return timely[0]
    raise Unproven(
        "date_order",
        f"ambiguous dates: {texts[0]} fits {' and '.join(fitting)} and nothing in the file decides",
        "Export a range that holds a day above 12, or leave one format in file_formats.csv",
    )


def _parse(text: str, format_: str) -> date | None:
    try:
        day = datetime.strptime(text, format_).date()
    except ValueError:
        return None
    return day if text.isascii() and EARLIEST <= day <= LATEST else None


def _follow_each_other(days: Sequence[date]) -> bool:
    return median((later - earlier).days for earlier, later in pairwise(days)) == 1


def _fits_export(last: date, exported: datetime) -> bool:
    day = exported.astimezone(UTC).date()
    return day - EXPORT_COVERS <= last <= day + timedelta(days=1)


def _unreadable(texts: Sequence[str], parsed: Mapping[str, Sequence[date | None]]) -> Unproven:
    """Tell mixed orders from dates that no order can read."""
    impossible = [text for text, *days in zip(texts, *parsed.values(), strict=True) if not any(days)]
    if impossible:
        return Unproven(
            "timestamp",
            f"no date from {EARLIEST:%Y} to {LATEST:%Y} in the declared formats ({', '.join(parsed)}): {impossible[0]!r}",
            "Correct or remove the line and upload again",
            impossible[0],
        )
    witnesses = [texts[list(days).index(None)] for days in parsed.values()]
    return Unproven(
        "date_order",
        f"mixed date orders: {' and '.join(witnesses)} cannot be of one format",
        "Split the file, or export it again with one date format",
        witnesses[0],
    )
