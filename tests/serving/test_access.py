"""What is restricted stays so, whatever rows are missing."""

from dataclasses import replace

import pytest

from include.core.settings import PROJECT_DIR
from include.registry import load_registry
from include.serving.access import Person, may_read

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")  # without the row of the example


@pytest.mark.parametrize("publication", ["public_dataset", "apartments"])
def test_a_restricted_building_without_a_row_of_its_own_is_restricted(publication: str) -> None:
    assert "apartments" not in {row.building_id for row in REGISTRY.buildings}
    for person in (None, Person("jana", frozenset({"Admin"}))):
        assert not may_read(REGISTRY, person, publication, "apartments")
    assert may_read(REGISTRY, None, "public_dataset", "sm2")


def test_nothing_of_a_publication_without_a_row_is_seen() -> None:
    none = replace(REGISTRY, publications=())
    assert not may_read(none, Person("jana", frozenset({"Admin"})), "public_dataset", "sm2")
