"""Wall clocks become instants exactly, at both clock changes too."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core.calendar import block_seconds, clock_changes, day_start, to_utc

PRAGUE = "Europe/Prague"
WALLS = st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)).map(
    lambda wall: wall.replace(microsecond=0)
)
ZONES = st.sampled_from(
    [PRAGUE, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo"]
)


@pytest.mark.parametrize(
    ("wall", "fold", "instant"),
    [
        ("2025-10-26T01:59", 0, "2025-10-25T23:59"),
        ("2025-10-26T02:00", 0, "2025-10-26T00:00"),
        ("2025-10-26T02:59", 0, "2025-10-26T00:59"),
        ("2025-10-26T02:00", 1, "2025-10-26T01:00"),
        ("2025-10-26T03:00", 0, "2025-10-26T02:00"),
        ("2026-03-29T01:59", 0, "2026-03-29T00:59"),
        ("2026-03-29T02:30", 0, "2026-03-29T01:30"),
        ("2026-03-29T03:00", 0, "2026-03-29T01:00"),
    ],
)
def test_instants_around_both_clock_changes(wall: str, fold: int, instant: str) -> None:
    assert to_utc(datetime.fromisoformat(wall), PRAGUE, fold=fold) == datetime.fromisoformat(
        instant
    ).replace(tzinfo=UTC)


def test_the_clock_changes_of_a_year() -> None:
    spring, autumn = clock_changes(PRAGUE, datetime(2026, 1, 1), datetime(2026, 12, 31))
    assert (spring.kind, spring.start, spring.stop) == (
        "skipped",
        datetime(2026, 3, 29, 2),
        datetime(2026, 3, 29, 3),
    )
    assert (autumn.kind, autumn.start, autumn.stop) == (
        "repeated",
        datetime(2026, 10, 25, 2),
        datetime(2026, 10, 25, 3),
    )
    assert (autumn.offset_before, autumn.offset_after) == (7200, 3600)


def test_only_changes_that_the_readings_touch_are_reported() -> None:
    assert clock_changes(PRAGUE, datetime(2025, 10, 26, 3), datetime(2026, 3, 29, 1, 59)) == ()
    assert len(clock_changes(PRAGUE, datetime(2025, 10, 26, 2, 59), datetime(2026, 3, 29, 2))) == 2


@given(WALLS, ZONES)
def test_a_wall_clock_is_open_exactly_in_the_clock_changes(wall: datetime, zone: str) -> None:
    is_open = to_utc(wall, zone, fold=0) != to_utc(wall, zone, fold=1)
    assert (
        bool(
            [
                change
                for change in clock_changes(zone, wall, wall)
                if change.start <= wall < change.stop
            ]
        )
        == is_open
    )


@given(WALLS, ZONES)
def test_the_offsets_of_a_clock_change_are_those_of_its_two_passes(
    wall: datetime, zone: str
) -> None:
    for change in clock_changes(zone, wall, wall + timedelta(days=200)):
        assert to_utc(change.start, zone, fold=0) == change.start.replace(tzinfo=UTC) - timedelta(
            seconds=change.offset_before
        )
        if change.kind == "repeated":
            assert to_utc(change.start, zone, fold=1) == change.start.replace(
                tzinfo=UTC
            ) - timedelta(seconds=change.offset_after)


@given(WALLS, ZONES)
def test_hours_and_local_days_consist_of_whole_blocks(wall: datetime, zone: str) -> None:
    days = [day_start(wall.date() + timedelta(days=offset), zone) for offset in range(0, 100)]
    block = block_seconds(zone, days[0], days[-1])
    assert 3600 % block == 0
    assert [day for day in days if day.timestamp() % block] == []


@pytest.mark.parametrize(
    ("zone", "seconds"),
    [(PRAGUE, 3600), ("UTC", 3600), ("Asia/Kolkata", 1800), ("Asia/Kathmandu", 900)],
)
def test_a_block_is_as_long_as_the_zone_allows(zone: str, seconds: int) -> None:
    assert (
        block_seconds(zone, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
        == seconds
    )
