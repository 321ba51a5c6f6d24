"""When a building is read that has a schedule."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.core import files
from include.core.settings import Settings
from include.ingest.due import READ, why_not_due
from include.registry import load_registry
from include.registry.rows import Building

MONDAYS = "0 6 * * 1"
READ_AT = datetime(2026, 2, 2, 6, tzinfo=UTC)  # a Monday


@pytest.fixture
def settings(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    found = Settings.from_environment()
    files.write_json(found.paths.findings / READ, {"sm2": READ_AT.isoformat()})
    return found


def building(schedule: str) -> Building:
    [row] = load_registry(Settings.seeds_dir).buildings
    return row.model_copy(update={"schedule": schedule})


def test_a_building_is_read_again_when_its_schedule_has_come(settings: Settings) -> None:
    @given(st.timedeltas(timedelta(0), timedelta(days=20)))
    def check(later: timedelta) -> None:
        why = why_not_due(settings, building(MONDAYS), READ_AT + later)
        assert bool(why) == (later < timedelta(days=7))

    check()
    why = why_not_due(settings, building(MONDAYS), READ_AT)
    assert why == "sm2 is read by its schedule, next at 2026-02-09 06:00 UTC"


def test_a_building_without_a_schedule_and_one_that_was_never_read_are_read(
    settings: Settings,
) -> None:
    assert why_not_due(settings, building(""), READ_AT) == ""
    files.write_json(settings.paths.findings / READ, {})
    assert why_not_due(settings, building(MONDAYS), READ_AT) == ""
