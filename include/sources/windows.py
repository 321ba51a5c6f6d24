"""Which answers of an address belong to a request as of a time, each with the time it covers.

The ledger says which of them are there, so none is skipped, and none is remembered in a second
place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from include.registry.rows import HttpRequest, SqlTable


@dataclass(frozen=True)
class Window:
    """What one answer covers, from `start` (inclusive) to `end` (exclusive), both in UTC.

    `until`: what has passed of it, in whole hours or days. `asked`: as of when its answer is what
    it is: `end` and the days until it settles, or the last whole day where that has not come (an
    hour is asked for at its end first).
    """

    name: str
    start: datetime
    end: datetime
    until: datetime
    asked: datetime


def windows(request: HttpRequest | SqlTable, zone: str, as_of: datetime) -> list[Window]:
    """The windows of which something has passed, oldest first.

    Where `first` is empty, an answer is of the moment that it is asked for: that is the window of
    now, once.
    """
    place, now = ZoneInfo(zone), as_of.astimezone(UTC)
    periods = _periods(request.window, place, now)
    if request.first is None:
        name, start, end = next(periods)
        return [Window(name, start, end, now, start)]
    begin, settle = _midnight(request.first, place), timedelta(days=request.settle_days)
    today = _midnight(now.astimezone(place).date(), place)
    passed = _full_hour(now) if request.window == "hour" else today
    kept = [
        Window(name, start, end, min(end, passed), min(end + settle, max(end, today), passed))
        for name, start, end in takewhile(lambda period: period[2] > begin, periods)
        if start < passed
    ]
    return kept[::-1] if passed > begin else []


def _periods(
    window: str, zone: ZoneInfo, as_of: datetime
) -> Iterator[tuple[str, datetime, datetime]]:
    """Name, start and end of the window of now and of those before it. Hours are those of UTC, days
    and months those of the zone.
    """
    if window == "hour":
        start, hour = _full_hour(as_of), timedelta(hours=1)
        while True:
            yield f"{start:%Y-%m-%dT%HZ}", start, start + hour
            start -= hour
    day = as_of.astimezone(zone).date()
    if window == "month":
        day = day.replace(day=1)
    while True:
        after = day + timedelta(days=1)
        if window == "month":
            after = (day + timedelta(days=31)).replace(day=1)
        name = f"{day:%Y-%m}" if window == "month" else f"{day}"
        yield name, _midnight(day, zone), _midnight(after, zone)
        day -= timedelta(days=1)
        if window == "month":
            day = day.replace(day=1)


def _full_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def filled_in(request: HttpRequest, zone: str, window: Window, key: str = "") -> str:
    """The query of a window; `{start}` and `{end}` are dates in the zone, both inclusive."""
    last = window.until - timedelta(microseconds=1)
    return request.query.format(
        start=window.start.astimezone(ZoneInfo(zone)).date(),
        end=max(last, window.start).astimezone(ZoneInfo(zone)).date(),
        start_time=f"{window.start:%Y-%m-%dT%H:%M:%SZ}",
        end_time=f"{window.until:%Y-%m-%dT%H:%M:%SZ}",
        start_epoch=int(window.start.timestamp()),
        end_epoch=int(window.until.timestamp()),
        key=key,
    )
