"""Months, days and clock changes of a building's calendar.

All instants are UTC; months are `YYYY-MM` texts.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class ClockChange:
    """A stretch of wall-clock time that comes twice (autumn) or never (spring); offsets in seconds
    east of UTC.
    """

    kind: Literal["repeated", "skipped"]
    start: datetime
    stop: datetime
    offset_before: int
    offset_after: int


def month_of(instant: datetime, timezone: str) -> str:
    """The month, as YYYY-MM, that an instant belongs to in a time zone."""
    return f"{instant.astimezone(ZoneInfo(timezone)):%Y-%m}"


def next_month(month: str, step: int = 1) -> str:
    """The month `step` months after another; negative steps go back."""
    year, number = map(int, month.split("-"))
    index = year * 12 + number - 1 + step
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def months_between(first: str, last: str) -> Iterator[str]:
    """Both included."""
    while first <= last:
        yield first
        first = next_month(first)


def months_until(first: str, stop: datetime, timezone: str) -> list[str]:
    """From a month to the one of the last moment before `stop`."""
    return list(months_between(first, month_of(stop - HOUR, timezone)))


def month_start(month: str, timezone: str) -> datetime:
    """The first instant of a month, in UTC."""
    return day_start(date.fromisoformat(f"{month}-01"), timezone)


def day_start(day: date, timezone: str) -> datetime:
    """The instant at which a day of a time zone begins."""
    return datetime.combine(day, time.min, ZoneInfo(timezone)).astimezone(UTC)


def end_of_last_week(month: str, timezone: str) -> datetime:
    """The end of the last week (from Monday) that begins in a month."""
    last_day = date.fromisoformat(f"{next_month(month)}-01") - timedelta(days=1)
    return day_start(last_day + timedelta(days=7 - last_day.weekday()), timezone)


def utc_offset(wall_clock: datetime, timezone: str) -> int:
    """Seconds east of UTC; while a clock change lasts, those before it."""
    offset = wall_clock.replace(tzinfo=ZoneInfo(timezone)).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def to_utc(wall_clock: datetime, timezone: str, *, fold: int = 0) -> datetime:
    """The instant of a naive wall clock; `fold` chooses between the two of a repeated hour."""
    return wall_clock.replace(tzinfo=ZoneInfo(timezone), fold=fold).astimezone(UTC)


def block_seconds(timezone: str, start: datetime, stop: datetime) -> int:
    """The longest span that UTC hours and local days both consist of: an hour, or less in a zone
    that is off by less.
    """
    offset = start.astimezone(ZoneInfo(timezone)).utcoffset() or timedelta()
    changes = clock_changes(
        timezone, start.replace(tzinfo=None) - DAY, stop.replace(tzinfo=None) + DAY
    )
    return math.gcd(
        3600,
        int(offset.total_seconds()),
        *(seconds for change in changes for seconds in (change.offset_before, change.offset_after)),
    )


def clock_changes(timezone: str, first: datetime, last: datetime) -> tuple[ClockChange, ...]:
    """The changes that touch wall-clock times from `first` to `last`."""
    years = range(first.year - 1, last.year + 2)
    found = (change for year in years for change in _clock_changes_of(timezone, year))
    return tuple(change for change in found if change.start <= last and change.stop > first)


@functools.lru_cache(maxsize=256)
def _clock_changes_of(timezone: str, year: int) -> tuple[ClockChange, ...]:
    zone = ZoneInfo(timezone)

    def offset(instant: datetime) -> int:
        shift = instant.astimezone(zone).utcoffset()
        assert shift is not None
        return int(shift.total_seconds())

    changes = []
    instant, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while instant < end:
        following = instant + timedelta(days=1)
        before, after = offset(instant), offset(following)
        if before != after:
            low, high = instant, following
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            turn = high.replace(microsecond=0, tzinfo=None)
            walls = turn + timedelta(seconds=before), turn + timedelta(seconds=after)
            changes.append(
                ClockChange(
                    "repeated" if after < before else "skipped",
                    min(walls),
                    max(walls),
                    before,
                    after,
                )
            )
        instant = following
    return tuple(changes)
