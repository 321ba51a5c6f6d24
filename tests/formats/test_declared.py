"""Names of columns in seeds: one rule for validation and for dbt, which reads its outcome from the plan."""

import dataclasses

import pytest

from include.core.settings import PROJECT_DIR
from include.formats.declared import Declared, described_by, means
from include.registry import load_registry
from include.registry.rows import DatasourceMapping


@pytest.mark.parametrize(
    ("declared", "name", "is_meant"),
    [
        ("Temperature", "Temperature", True),
        ("Temperature", "temperature", False),
        ("Humidity(%)", "Humidity(%)", True),
        ("Humidity(%)|Humidity", "Humidity(%)", True),
        ("Humidity(%)|Humidity", "Humidity", True),
        ("value|Wert", "Wert", True),
        ("value|Wert", "valueWert", False),
        (r".*\(°C\)", "Outside (°C)", True),
        (r".*\(°C\)", "Outside (°F)", False),
        (".*", "anything", True),
    ],
)
def test_a_name_names_or_a_regex(declared: str, name: str, is_meant: bool) -> None:
    assert means(declared, name) == is_meant


def test_a_row_that_names_a_column_wins_over_a_regex() -> None:
    rows = [
        DatasourceMapping(
            line=line,
            datasource_id="d",
            timestamp_column="Date",
            location_column="",
            measurement_column="",
            value_column=value_column,
            measurement="",
            unit="",
            source_name="Make",
            value_min=0,
            value_max=1,
        )
        for line, value_column in enumerate((r".*°C.*", "Outside (°C)"), 2)
    ]
    assert [row.line for row in described_by("Outside (°C)", rows)] == [3]
    assert [row.line for row in described_by("Inside (°C)", rows)] == [2]
    assert described_by("State", rows) == ()


@pytest.mark.parametrize(
    ("cells", "is_read_again"),
    [({}, False), ({"encoding": "cp1250"}, True), ({"records": "a"}, True)],
)
def test_a_file_is_read_again_only_if_what_is_declared_of_it_has_changed(
    cells: dict[str, str], is_read_again: bool
) -> None:
    registry = load_registry(PROJECT_DIR / "include/dbt/seeds")
    declared = Declared.of(registry, registry.datasource("sm2_thermopro"))
    assert "encoding" not in declared.format.model_dump(exclude_defaults=True)
    format_ = declared.format.model_copy(update=cells)
    changed = dataclasses.replace(declared, format=format_)
    assert (changed.fingerprint != declared.fingerprint) == is_read_again
