"""A period is what the building's calendar says, also over clock changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.serving.api.errors import Problem
from include.serving.api.periods import read_period

PRAGUE = ZoneInfo("Europe/Prague")
FIRST, AS_OF = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 3, 18, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "stop"),
    [
        ("2026-01-01/2026-02-01", "2026-01-01T00:00+01:00", "2026-02-01T00:00+01:00"),
        ("2026-01/2026-03", "2026-01-01T00:00+01:00", "2026-03-01T00:00+01:00"),
        ("2026-02", "2026-02-01T00:00+01:00", "2026-03-01T00:00+01:00"),
        ("2025", "2025-01-01T00:00+01:00", "2026-01-01T00:00+01:00"),
        ("2025-10-26", "2025-10-26T00:00+02:00", "2025-10-27T00:00+01:00"),
        ("2025-03-30/P1D", "2025-03-30T00:00+01:00", "2025-03-31T00:00+02:00"),
        ("2025-10-26T02:30+01:00/P1D", "2025-10-26T02:30+01:00", "2025-10-27T02:30+01:00"),
        ("../2026-01-01", "2024-12-30T00:00+01:00", "2026-01-01T00:00+01:00"),
        ("2026-03-01/..", "2026-03-01T00:00+01:00", "2026-03-18T12:00Z"),
        ("P30D/..", "2026-02-16T13:00+01:00", "2026-03-18T12:00Z"),
        ("P1M/2026-03-31", "2026-02-28T00:00+01:00", "2026-03-31T00:00+02:00"),
        ("2026-01-13T08:00Z/2026-01-13T09:00Z", "2026-01-13T08:00Z", "2026-01-13T09:00Z"),
        ("last-day", "2026-03-17T00:00+01:00", "2026-03-18T00:00+01:00"),
        ("last-week", "2026-03-09T00:00+01:00", "2026-03-16T00:00+01:00"),
        ("last-month", "2026-02-01T00:00+01:00", "2026-03-01T00:00+01:00"),
        ("last-year", "2025-01-01T00:00+01:00", "2026-01-01T00:00+01:00"),
        ("last-winter", "2025-12-01T00:00+01:00", "2026-03-01T00:00+01:00"),
        ("last-summer", "2025-06-01T00:00+02:00", "2025-09-01T00:00+02:00"),
    ],
)  # fmt: skip
def test_periods(text: str, start: str, stop: str) -> None:
    found = read_period(text, PRAGUE, FIRST, AS_OF)
    assert (found.start, found.stop) == (
        datetime.fromisoformat(start),
        datetime.fromisoformat(stop),
    )


ODD = [
    "yesterday",
    "",
    "/",
    "../..x",
    "2026-02-30/..",
    "P1D/P1D",
    "2026-01-02/2026-01-01",
    "0000-01/..",
    "9999-12/P9Y",
    "2026-01-01/2026-01-01",
]


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(Problem) as refused:
        read_period(text, PRAGUE, FIRST, AS_OF)
    assert (refused.value.status_code, refused.value.parameter) == (422, "datetime")


@given(st.text(max_size=100) | st.from_regex(r"[0-9P./:TZDMYW+-]{0,40}"))
def test_any_text_is_a_period_or_a_problem(text: str) -> None:
    try:
        found = read_period(text, PRAGUE, FIRST, AS_OF)
    except Problem:
        return
    assert found.stop - found.start > timedelta(0)
