"""Which of the declared date formats a file uses: proven, never guessed.

`05/01/2026` is 5 January or 1 May. A file keeps to one order, so one of these settles it: a day above 12; only one
order gives days that follow each other; only one order fits the time of export in the file's name. A file that two
orders fit equally well is refused.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median

from include.ingest.ledger import Finding

EXPORT_COVERS = timedelta(days=62)  # an export ends on the day it was made; the margin is for what is sent late


def prove_date_format(texts: Sequence[str], formats: Sequence[str], exported: datetime | None) -> tuple[str | None, Finding | None]:
    """The format of the distinct date texts (in order of appearance), or the finding that says why there is none."""
    parsed = {format_: [_parse(text, format_) for text in texts] for format_ in formats}
    fitting = {format_: dates for format_, dates in parsed.items() if None not in dates}
    if not fitting:
        return None, _unreadable(texts, parsed)
    if len({tuple(dates) for dates in fitting.values()}) == 1:
        return next(iter(fitting)), None
    steady = [format_ for format_, dates in fitting.items() if len(dates) > 1 and _follow_each_other(dates)]
    if len(steady) == 1:
        return steady[0], None
    if exported:
        timely = [format_ for format_, dates in fitting.items() if _fits_export(max(dates), exported)]
        if len(timely) == 1:
            return timely[0], None
    return None, Finding(
        "date_order", "error", f"ambiguous dates: {texts[0]} fits {' and '.join(fitting)} and nothing in the file decides",
        cure="Export a range that holds a day above 12, or leave one format in file_formats.csv",
    )  # fmt: skip


def _parse(text: str, format_: str) -> date | None:
    try:
        return datetime.strptime(text, format_).date()
    except ValueError:
        return None


def _follow_each_other(dates: Sequence[date]) -> bool:
    return median((later - earlier).days for earlier, later in pairwise(dates)) == 1


def _fits_export(last: date, exported: datetime) -> bool:
    day = exported.astimezone(UTC).date()
    return day - EXPORT_COVERS <= last <= day + timedelta(days=1)


def _unreadable(texts: Sequence[str], parsed: dict[str, list[date | None]]) -> Finding:
    """Tell mixed orders from dates that no order can read."""
    impossible = [text for index, text in enumerate(texts) if all(dates[index] is None for dates in parsed.values())]
    if impossible:
        return Finding(
            "timestamp",
            "error",
            f"no date in the declared formats ({', '.join(parsed)}): {impossible[0]!r}",
            where=impossible[0],
            cure="Correct or remove the line and upload again",
        )
    witnesses = [next(text for text, day in zip(texts, dates, strict=True) if day is None) for dates in parsed.values()]
    return Finding(
        "date_order",
        "error",
        f"mixed date orders: {' and '.join(witnesses)} cannot be of one format",
        where=witnesses[0],
        cure="Split the file, or export it again with one date format",
    )
