"""Wall clocks become UTC, also for many series in one file, and where the clock is set."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from include.core.calendar import clock_changes
from include.formats.wall_clock import to_utc

ZONES = [
    "Europe/Prague",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Pacific/Chatham",
    "Asia/Kolkata",
    "Africa/Casablanca",
]
MINUTE = timedelta(minutes=1)


@settings(max_examples=300)
@given(
    zone=st.sampled_from(ZONES),
    year=st.integers(2015, 2030),
    series=st.integers(1, 5),
    step=st.sampled_from([1, 5, 15, 30, 60]),
    hours_before=st.integers(1, 5),
    hours_after=st.integers(0, 5),
    by_series=st.booleans(),
    data=st.data(),
)
def test_any_number_of_series_over_any_clock_change(
    zone: str,
    year: int,
    series: int,
    step: int,
    hours_before: int,
    hours_after: int,
    by_series: bool,
    data: st.DataObject,
) -> None:
    changes = clock_changes(zone, datetime(year, 1, 1), datetime(year, 12, 31))
    assume(changes)
    change = data.draw(st.sampled_from(changes))
    overlap = change.stop - change.start
    assume(overlap % (step * MINUTE) == timedelta())
    turn = (change.stop - timedelta(seconds=change.offset_before)).replace(tzinfo=UTC)
    count = (timedelta(hours=hours_before + hours_after) + 2 * overlap) // (step * MINUTE)
    moments = [
        turn - overlap - timedelta(hours=hours_before) + n * step * MINUTE for n in range(count)
    ]
    lines = [(owner, moment) for owner in range(series) for moment in moments]
    if not by_series:
        lines.sort(key=lambda line: (line[1], line[0]))
    walls = np.array(
        [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for _, moment in lines],
        "datetime64[s]",
    )
    found, findings = to_utc(
        walls, np.array([owner for owner, _ in lines]), np.arange(1, len(lines) + 1), zone
    )
    assert found.tolist() == [moment.replace(tzinfo=None) for _, moment in lines]
    assert findings == []


def test_series_of_one_moment_stay_together_in_the_repeated_hour() -> None:
    hours = [datetime(2025, 10, 26, hour) for hour in (1, 2, 2, 3)]
    walls = np.array([hour for hour in hours for _ in range(3)], "datetime64[s]")
    found, findings = to_utc(walls, np.array([0, 1, 2] * 4), np.arange(12), "Europe/Prague")
    assert found.tolist() == [
        datetime(2025, 10, day, hour)
        for day, hour in ((25, 23), (26, 0), (26, 1), (26, 2))
        for _ in range(3)
    ]
    assert findings == []
