"""One table in every form in which it may come."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.opened import read_file
from tests.support.workbooks import xlsx, zipped

NAMES = ("at", "value", "note")
TEXTS = st.text("aé ž日,;'=", min_size=1, max_size=6).filter(str.strip)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
ROWS = st.lists(st.tuples(TEXTS, NUMBERS.map(float), TEXTS), min_size=1, max_size=8)
Table = list[tuple[str, float, str]]


def _csv(rows: Table) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([NAMES, *rows])
    return text.getvalue().encode()


def _objects(rows: Table) -> list[dict]:
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


def _lines(rows: Table) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in _objects(rows)).encode()


def _lists(rows: Table) -> dict[str, list]:
    return {name: list(cells) for name, cells in zip(NAMES, zip(*rows, strict=True), strict=True)}


def _parquet(rows: Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(_lists(rows)), sink)
    return sink.getvalue()


def _members(rows: Table) -> bytes:
    return zipped({f"{n:03d}.csv": _csv([row]) for n, row in enumerate(rows)})


FORMS: dict[str, tuple[dict[str, Any], Callable[[Table], bytes]]] = {
    "csv": ({}, _csv),
    "utf-16": ({"encoding": "utf-16"}, lambda rows: _csv(rows).decode().encode("utf-16")),
    "list": ({"reader": "json"}, lambda rows: json.dumps(_objects(rows)).encode()),
    "lines": ({"reader": "json"}, _lines),
    "place": ({"reader": "json", "records": "a.b"}, lambda rows: json.dumps({"a": {"b": _objects(rows)}}).encode()),
    "columns": ({"reader": "json", "records": "a[]"}, lambda rows: json.dumps({"a": _lists(rows)}).encode()),
    "parquet": ({"reader": "parquet"}, _parquet),
    "excel": ({"reader": "excel"}, lambda rows: xlsx([NAMES, *rows])),
    "members": ({}, _members),
}  # fmt: skip


@settings(max_examples=40)
@given(rows=ROWS)
def test_the_same_table_is_read_from_every_form(
    rows: Table, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("forms")
    for name, (cells, written) in FORMS.items():
        content = written(rows)
        for packed in (content, *([] if name == "members" else [gzip.compress(content, 1)])):
            found = read_file(folder, packed, **cells).rows
            read = [(row["at"], float(row["value"]), row["note"]) for row in found]
            assert read == rows, name
