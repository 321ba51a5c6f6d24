"""When a building is read that has a schedule."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from include.core.settings import SEEDS
from include.ingest.due import why_not_due
from include.registry import load_registry
from include.registry.rows import Building

MONDAYS = "0 6 * * 1"
READ_AT = datetime(2026, 2, 2, 6, tzinfo=UTC)  # a Monday
LAST = READ_AT.isoformat()


def building(schedule: str) -> Building:
    [row] = load_registry(SEEDS).buildings
    return row.model_copy(update={"schedule": schedule})


@given(st.timedeltas(timedelta(0), timedelta(days=20)))
def test_a_building_is_read_again_when_its_schedule_has_come(later: timedelta) -> None:
    why = why_not_due(building(MONDAYS), LAST, READ_AT + later)
    assert bool(why) == (later < timedelta(days=7))


def test_the_reason_names_the_next_time() -> None:
    why = why_not_due(building(MONDAYS), LAST, READ_AT)
    assert why == "sm2 is read by its schedule, next at 2026-02-09 06:00 UTC"


def test_a_building_without_a_schedule_and_one_that_was_never_read_are_read() -> None:
    assert why_not_due(building(""), LAST, READ_AT) == ""
    assert why_not_due(building(MONDAYS), None, READ_AT) == ""
