"""JSON documents from their bytes to dated numbers."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from include.formats.declared import Declared
from include.ingest.validate import Validation, validate
from include.registry.rows import FileFormat
from tests.formats.test_port import NOW, THERMOMETERS
from tests.support.opened import CELLS
from tests.support.raw_files import write

SHARED = {
    "required_columns": (),
    "optional_columns": (),
    "file_pattern": "*",
    "rejected_refuse_pct": 50.0,
}


def declared(records: str, time: str, device: str, *values: str) -> Declared:
    """A datasource whose records are at `records`."""
    cells = {**CELLS, "reader": "json", "records": records, "null_tokens": "NaN;unavailable"}
    mapping = THERMOMETERS.mappings[0]
    return dataclasses.replace(
        THERMOMETERS,
        format=FileFormat(**cells),
        datasource=THERMOMETERS.datasource.model_copy(update=SHARED),
        mappings=tuple(
            mapping.model_copy(
                update={"timestamp_column": time, "location_column": device, "value_column": value}
            )
            for value in values
        ),
        raw_names=frozenset({"Kitchen", "Bath", "temperature_2m", "power"}),
        mapped_names=frozenset({"Kitchen", "Bath", "temperature_2m", "power"}),
    )


def judged(
    folder: Path, document: object, declaration: Declared
) -> tuple[Validation, list[dict[str, Any]]]:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    raw = write(folder / "raw", content)
    found = validate(raw, "a.json", declaration, folder / "landed", folder / "rejected", NOW)
    return found, pq.read_table(folder / "landed").to_pylist() if found.layout else []


def test_parallel_lists_are_dated_by_their_own_list(tmp_path: Path) -> None:
    document = {
        "elevation": 200,
        "hourly_units": {"time": "iso8601"},
        "hourly": {"time": ["2026-01-29T00:00", "2026-01-29T01:00"], "temperature_2m": [1.5, None]},
    }
    found, landed = judged(tmp_path, document, declared("hourly[]", "time", "", "temperature_2m"))
    assert found.accepted and not found.findings
    assert [(row["n0"], row["source_line"]) for row in landed] == [(1.5, 1), (None, 2)]
    assert (found.cells, found.nulls) == (2, 1)


def test_the_time_of_the_document_and_the_name_of_the_place_belong_to_each_record(
    tmp_path: Path,
) -> None:
    document = {"datetime": "2026-01-29 00:00", "plugs": {"Kitchen": {"power": 5}, "Bath": None}}
    found, landed = judged(tmp_path, document, declared("plugs.*", "datetime", "*", "power"))
    assert not found.findings
    assert [(row["device"], row["n0"]) for row in landed] == [("Kitchen", 5.0), ("Bath", None)]


@pytest.mark.parametrize(
    ("value", "number", "unreadable"),
    [
        ("5", 5.0, None),
        ('"5.5"', 5.5, None),
        ("null", None, None),
        ("NaN", None, None),
        ('"unavailable"', None, None),
        ("Infinity", None, "Infinity"),
        ("-Infinity", None, "-Infinity"),
        ("true", None, "true"),
        ('"fault"', None, "fault"),
        ("9007199254740993", None, "9007199254740993"),
        ("18446744073709551615", None, "18446744073709551615"),
        ("1e400", None, "1e400"),
    ],
)
def test_a_value_is_a_number_or_a_cell_that_is_kept_as_text(
    value: str, number: float | None, unreadable: str | None, tmp_path: Path
) -> None:
    lines = f'{{"at": "2026-01-29 00:00", "power": {value}}}\n{{"at": "2026-01-29 00:01", "power": 1}}\n'
    found, landed = judged(tmp_path, lines.encode(), declared("", "at", "", "power"))
    assert [(row["n0"], row["t0"]) for row in landed] == [(number, unreadable), (1.0, None)]
    assert not any(math.isnan(row["n0"] or 0) for row in landed)
    assert [finding.check for finding in found.findings] == ["text_for_number"] * bool(unreadable)


def test_an_object_among_numbers_is_a_column_of_its_own(tmp_path: Path) -> None:
    lines = (
        b'{"at": "2026-01-29 00:00", "power": {"w": 5}}\n{"at": "2026-01-29 00:01", "power": 1}\n'
    )
    found, landed = judged(tmp_path, lines, declared("", "at", "", "power"))
    assert [row["n1"] for row in landed] == [None, 1.0]
    assert {finding.check for finding in found.findings} == {"new_columns", "unknown_column"}
