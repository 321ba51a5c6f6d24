"""A month is not replaced by one that has lost a source, unless a file of it was taken out."""

from hypothesis import given
from hypothesis import strategies as st

from include.core.settings import PROJECT_DIR
from include.planning.plan import MonthPlan
from include.registry import load_registry
from include.store.readings import StoredMonth, _lost_sources, unexplained

BUILDING = load_registry(PROJECT_DIR / "include/dbt/seeds").building("sm2")
PLAN = MonthPlan(BUILDING, "2026-02", "new", ())
SOURCES = st.lists(st.sampled_from(["Atrea", "Meter", "ThermoPro"]), unique=True)


@given(SOURCES, SOURCES, SOURCES)
def test_exactly_the_sources_that_are_gone_without_a_reason_are_lost(
    stored: list[str], built: list[str], withdrawn: list[str]
) -> None:
    manifest = {("sm2", "2026-02"): StoredMonth("old", "", 1, {}, "", tuple(stored))}
    lost = _lost_sources(manifest, [PLAN], {PLAN.batch: built})
    taken_out = {("sm2", source, "2026-02") for source in withdrawn}
    found = [source for _, source, _ in unexplained(lost, taken_out)]
    assert found == sorted(set(stored) - set(built) - set(withdrawn))


def test_a_month_of_a_datasource_that_has_left_the_seeds_has_no_source_to_name() -> None:
    assert unexplained({("sm2", "Meter", "2026-02")}, {("sm2", "", "2026-02")}) == []


def test_a_month_that_was_never_stored_loses_nothing() -> None:
    assert _lost_sources({}, [PLAN], {PLAN.batch: []}) == set()
