"""The parameter `datetime`: a period as people write it, and as two instants."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from include.serving.api.errors import Problem

LENGTH = re.compile(r"P(?:(\d{1,4})D|(\d{1,3})W|(\d{1,3})M|(\d{1,2})Y)")
MOMENT = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
OPEN = ".."
HELP = (
    "write start/end, half open: 2026-01-01/2026-02-01, 2026-01/2026-03, ../2026-02-01, P30D/..,"
    " 2026-01-01T06:00Z/P1D; or last-day, last-week, last-month, last-year, last-winter,"
    " last-summer"
)


@dataclass(frozen=True)
class Period:
    """From `start` to `stop`, half open, in UTC: times of one zone are compared by their clocks."""

    start: datetime
    stop: datetime

    def to_json(self, zone: ZoneInfo) -> list[str]:
        """As two instants, with a zone's offsets."""
        return [moment.astimezone(zone).isoformat() for moment in (self.start, self.stop)]

    def whole_days(self, zone: ZoneInfo) -> tuple[date, date]:
        """The local days that lie in it: half open."""
        start, stop = self.start.astimezone(zone), self.stop.astimezone(zone)
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        return start.date() + timedelta(days=start != midnight), stop.date()


def read_period(text: str, zone: ZoneInfo, first: datetime, as_of: datetime) -> Period:
    """The period that a request means.

    Args:
        text: see HELP; times without offset are the building's.
        zone: of the building.
        first: the first hour that there is, for an open start.
        as_of: of the release, for an open end and for words.

    Raises:
        Problem: 422, it is no period.
    """
    try:
        found = _named(text, as_of.astimezone(zone)) or _written(text, zone, first, as_of)
        period = Period(*(moment.astimezone(UTC) for moment in found))
    except (ValueError, OverflowError):
        raise Problem(422, f"{text[:80]!r} is not a period: {HELP}", "datetime") from None
    if period.start >= period.stop:
        raise Problem(422, "the period ends before it begins", "datetime")
    return period


def earlier(period: Period, length: str, zone: ZoneInfo) -> Period:
    """The same period on the calendar, some time before, such as P1Y. Raises Problem: 422."""
    try:
        moved = (
            _moved(moment.astimezone(zone), length, -1) for moment in (period.start, period.stop)
        )
        start, stop = (moment.astimezone(UTC) for moment in moved)
    except (ValueError, OverflowError):
        said = f"{length[:20]!r} is not a length of days, weeks, months or years, such as P1Y"
        raise Problem(422, said, "before") from None
    if (start, stop) == (period.start, period.stop):
        raise Problem(422, "the two periods are the same", "before")
    if start >= stop:
        raise Problem(422, f"there is no such period {length} before", "before")
    return Period(start, stop)


def read_moment(text: str, zone: ZoneInfo, parameter: str) -> datetime:
    """An instant. Raises Problem: 422, it is none."""
    try:
        return _moment(text, zone)
    except (ValueError, OverflowError):
        said = f"{text[:40]!r} is not an instant in ISO 8601, such as 2026-01-13T08:00Z"
        raise Problem(422, said, parameter) from None


def _named(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """The last whole day, week, month, year, winter (December to February) or summer."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month = day.replace(day=1)
    year = month.replace(month=1)
    if text == "last-day":
        return _days(day, -1), day
    if text == "last-week":
        monday = _days(day, -day.weekday())
        return _days(monday, -7), monday
    if text == "last-month":
        return _months(month, -1), month
    if text == "last-year":
        return _months(year, -12), year
    if text in ("last-winter", "last-summer"):
        begins = 12 if text == "last-winter" else 6
        stop = _months(year.replace(month=begins), 3)
        while stop > day:
            stop = _months(stop, -12)
        return _months(stop, -3), stop
    return None


def _written(
    text: str, zone: ZoneInfo, first: datetime, as_of: datetime
) -> tuple[datetime, datetime]:
    left, slash, right = text.partition("/")
    if not slash:
        return _moment(left, zone), _after(left, zone)
    if LENGTH.fullmatch(left):
        stop = as_of.astimezone(zone) if right == OPEN else _moment(right, zone)
        return _moved(stop, left, -1), stop
    start = _before(first.astimezone(zone)) if left == OPEN else _moment(left, zone)
    if LENGTH.fullmatch(right):
        return start, _moved(start, right, 1)
    return start, as_of.astimezone(zone) if right == OPEN else _moment(right, zone)


def _before(hour: datetime) -> datetime:
    """The beginning of the week and of the month of an hour, whichever is earlier."""
    day = hour.replace(hour=0, minute=0, second=0, microsecond=0)
    return min(_days(day, -day.weekday()), day.replace(day=1))


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """A year, month or day begins on the building's clock."""
    if found := MOMENT.fullmatch(text):
        year, month, day = found.groups()
        return datetime(int(year), int(month or 1), int(day or 1), tzinfo=zone)
    moment = datetime.fromisoformat(text)
    # by way of UTC: an hour that does not exist in spring is the one after it
    return (
        (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC).astimezone(zone)
    )


def _after(text: str, zone: ZoneInfo) -> datetime:
    """When a year, month or day that is written alone is over."""
    found = MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    start = _moment(text, zone)
    if found[3]:
        return _days(start, 1)
    return _months(start, 1 if found[2] else 12)


def _moved(moment: datetime, length: str, sign: int) -> datetime:
    found = LENGTH.fullmatch(length)
    if found is None:
        raise ValueError(length)
    days, weeks, months, years = (sign * int(part or 0) for part in found.groups())
    return _months(_days(moment, days + 7 * weeks), months + 12 * years)


def _days(moment: datetime, days: int) -> datetime:
    """On the clock: a day may have 23 or 25 hours."""
    return moment + timedelta(days=days)


def _months(moment: datetime, months: int) -> datetime:
    index = moment.year * 12 + moment.month - 1 + months
    year, month = index // 12, index % 12 + 1
    day = min(moment.day, monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
