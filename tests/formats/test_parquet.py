"""Parquet: types as texts, and files that are not what they should be."""

import io
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.formats.rejected import Refused
from tests.support.opened import Read, read_file

AT = datetime(2026, 1, 29, 0, 10)
PRAGUE = AT.replace(tzinfo=ZoneInfo("Europe/Prague"))


def content_of(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def read(folder: Path, columns: dict[str, Any], **more: Any) -> Read:
    return read_file(folder, content_of(pa.table(columns)), reader="parquet", **more)


@pytest.mark.parametrize(
    ("values", "type_", "texts"),
    [
        ([20.1, 1.0, 1e22, 5e-324, -0.5, math.nan, math.inf], pa.float64(), ["20.1", "1", "1e+22", "5e-324", "-0.5", "nan", "inf"]),
        ([1738108800123.0], pa.float64(), ["1738108800123"]),
        ([20.1], pa.float32(), ["20.1"]),
        ([20.5], pa.float16(), ["20.5"]),
        ([2**63 - 1, -1], pa.int64(), ["9223372036854775807", "-1"]),
        ([2**64 - 1], pa.uint64(), ["18446744073709551615"]),
        ([Decimal("12.50"), Decimal("0.01")], pa.decimal128(10, 2), ["12.50", "0.01"]),
        ([True, False], pa.bool_(), ["true", "false"]),
        (["a", "é"], pa.dictionary(pa.int32(), pa.string()), ["a", "é"]),
        (["a"], pa.large_string(), ["a"]),
        ([AT], pa.timestamp("us"), ["2026-01-29 00:10:00"]),
        ([AT.replace(microsecond=500)], pa.timestamp("us"), ["2026-01-29 00:10:00.000500"]),
        ([PRAGUE], pa.timestamp("ns", "Europe/Prague"), ["2026-01-28 23:10:00Z"]),
        ([PRAGUE], pa.timestamp("ms", "UTC"), ["2026-01-28 23:10:00Z"]),
        ([date(2026, 1, 29)], pa.date32(), ["2026-01-29"]),
        ([time(10, 5)], pa.time64("us"), ["10:05:00"]),
    ],
)  # fmt: skip
def test_a_value_becomes_a_text_that_says_the_same(
    values: list, type_: pa.DataType, texts: list[str], tmp_path: Path
) -> None:
    found = read(tmp_path, {"v": pa.array([*values, None], type_), "n": [0] * (len(values) + 1)})
    assert [row["v"] for row in found.rows] == [*texts, ""]
    assert list(found.numbered) == list(range(1, len(values) + 2))


def test_numbers_have_the_declared_decimal_mark_and_texts_keep_theirs(tmp_path: Path) -> None:
    columns = {"v": [20.5], "d": [Decimal("1.50")], "t": ["1.5"]}
    assert read(tmp_path, columns, decimal_mark=",").rows == [
        {"v": "20,5", "d": "1,50", "t": "1.5"}
    ]


def test_fields_of_structs_are_columns_by_their_path(tmp_path: Path) -> None:
    values = [{"temp": 1.5, "wind": {"deg": 90}}, None]
    found = read(tmp_path, {"at": ["x", "y"], "main": values})
    assert found.rows == [
        {"at": "x", "main.temp": "1.5", "main.wind.deg": "90"},
        {"at": "y", "main.temp": "", "main.wind.deg": ""},
    ]


@pytest.mark.parametrize(
    ("values", "kind"),
    [([[1], [2]], "list"), ([b"a", b"b"], "binary"), ([timedelta(1)] * 2, "duration")],
)
def test_a_column_of_no_single_value_is_refused_if_it_is_declared_and_named_if_not(
    values: list, kind: str, tmp_path: Path
) -> None:
    columns = {"at": ["x", "y"], "odd": values}
    found = read(tmp_path, columns)
    assert [list(row) for row in found.rows] == [["at"]] * 2
    assert [finding.check for finding in found.findings] == ["column_type"]
    with pytest.raises(Refused, match=f"column 'odd' is of type {kind}"):
        read(tmp_path, columns, wanted=("odd",))


def test_a_row_whose_text_is_not_utf8_is_rejected(tmp_path: Path) -> None:
    buffers = pa.array([b"ok", b"\xff", b"ok"]).buffers()
    texts = pa.Array.from_buffers(pa.string(), 3, buffers)
    found = read(tmp_path, {"n": [1, 2, 3], "t": texts})
    assert list(found.numbered) == [1, 3] and "not UTF-8 text in column 't'" in found.why[2]


@pytest.mark.parametrize(
    ("table", "check"),
    [
        (pa.table({"a": pa.array([], pa.int64())}), "no_rows"),
        (pa.table([[1], [2]], ["a", "a "]), "header"),
        (pa.table({}), "header"),
    ],
)
def test_a_table_without_rows_or_names_is_refused(
    table: pa.Table, check: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused) as refused:
        read_file(tmp_path, content_of(table), reader="parquet")
    assert refused.value.finding.check == check


def test_a_damaged_file_is_refused_wherever_it_is_damaged(tmp_path: Path) -> None:
    whole = content_of(pa.table({"at": [str(n) for n in range(50)], "v": list(range(50))}))
    expected = read_file(tmp_path, whole, reader="parquet")
    for at in range(0, len(whole), 7):
        damaged = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        try:
            found = read_file(tmp_path, damaged, reader="parquet")
        except Refused as refused:
            assert refused.finding.where and refused.finding.cure
        else:
            assert len(found.rows) <= len(expected.rows)


@settings(max_examples=50)
@given(numbers=st.lists(st.floats() | st.none(), min_size=1), is_short=st.booleans())
def test_a_number_is_read_back_from_its_text(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[float | None], is_short: bool
) -> None:
    column = pa.array(numbers, pa.float64())
    if is_short:
        column = column.cast(pa.float32(), safe=False)
    columns = {"v": column, "n": list(range(len(numbers)))}
    found = read(tmp_path_factory.mktemp("parquet"), columns)
    back = pa.array([float(row["v"]) if row["v"] else None for row in found.rows], pa.float64())
    assert str(back.cast(column.type, safe=False).to_pylist()) == str(
        [value + 0.0 if value is not None else None for value in column.to_pylist()]
    )
