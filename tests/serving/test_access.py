"""What is restricted stays so, whatever rows are missing."""

from dataclasses import replace

import pytest

from include.core.settings import PROJECT_DIR, SEEDS
from include.registry import load_registry
from include.registry.rows import Grant
from include.serving.access import Person, access_to

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")  # without the row of the example


@pytest.mark.parametrize("publication", ["public_dataset", "apartments"])
def test_a_restricted_building_without_a_row_of_its_own_is_restricted(publication: str) -> None:
    assert "apartments" not in {row.building_id for row in REGISTRY.buildings}
    for person in (None, Person("jana", frozenset({"Admin"}))):
        assert not access_to(REGISTRY, person, publication, "apartments")
    assert access_to(REGISTRY, None, "public_dataset", "sm2")


def test_a_grant_of_a_place_is_for_it_and_not_for_the_health_of_devices() -> None:
    grant = Grant(
        line=2,
        principal="user:jana",
        scope="place",
        scope_id="apartments.jeremie",
        right="read",
        reason="lives there",
    )
    rows = load_registry(SEEDS).fact_columns
    own = replace(REGISTRY, grants=(grant,), fact_columns=rows)
    jana, other = Person("jana", frozenset()), Person("jan", frozenset())
    access = access_to(own, jana, "apartments", "apartments")
    assert access and not access.is_whole and access.places == {"apartments.jeremie"}
    assert access_to(own, other, "apartments", "apartments") is None
    elsewhere = replace(own, grants=(grant.model_copy(update={"scope_id": "sm2.5NP"}),))
    assert access_to(elsewhere, jana, "apartments", "apartments") is None


def test_nothing_of_a_publication_without_a_row_is_seen() -> None:
    none = replace(REGISTRY, publications=())
    assert not access_to(none, Person("jana", frozenset({"Admin"})), "public_dataset", "sm2")
