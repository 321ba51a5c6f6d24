"""Delimited text: where its header and its first record are, and columns without names."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from include.core.errors import ConfigurationError
from include.formats.rejected import Refused
from include.registry.rows import FileFormat
from tests.support.opened import CELLS, read_file
from tests.support.workbooks import xlsx


def test_units_below_the_names_are_no_record(tmp_path: Path) -> None:
    found = read_file(tmp_path, b"DATE,FLOW\n,L/S\n2026-01-01,20\n2026-01-02,30\n", data_line=3)
    assert found.numbered == {
        3: {"DATE": "2026-01-01", "FLOW": "20"},
        4: {"DATE": "2026-01-02", "FLOW": "30"},
    }
    assert found.texts[4] == b"2026-01-02,30"


def test_columns_without_names_are_called_by_their_place(tmp_path: Path) -> None:
    found = read_file(tmp_path, b"0,2026-01-01,20,OK\n1,2026-01-02,30\n", header_line=0)
    assert found.numbered == {1: {"1": "0", "2": "2026-01-01", "3": "20", "4": "OK"}}
    assert found.why == {2: "3 fields where the header has 4: '1,2026-01-02,30'"}


@pytest.mark.parametrize("cells", [{"header_line": 0}, {"header_line": 0, "data_line": 3}])
def test_a_file_without_names_may_be_cut_and_not_empty(tmp_path: Path, cells: dict) -> None:
    found = read_file(tmp_path, b"a,b\nc,d\n2026-01-01,20\n2026-01-02,3", **cells)
    assert list(found.why) == [4], "the last line has no end"
    with pytest.raises(Refused, match="the file is empty"):
        read_file(tmp_path, b"", **cells)


def test_a_file_that_ends_before_its_first_record_is_refused(tmp_path: Path) -> None:
    for content in (b"DATE,FLOW\n", b"DATE,FLOW\n,L/S\n"):
        with pytest.raises(Refused, match="a header and no data") as error:
            read_file(tmp_path, content, data_line=3)
        assert error.value.finding.where == "line 3"


def test_a_quote_or_a_foreign_byte_before_the_first_record_counts_there(tmp_path: Path) -> None:
    found = read_file(tmp_path, b'DATE,FLOW\n"","L/S"\n2026-01-01,"20"\n', data_line=3)
    assert found.rows == [{"DATE": "2026-01-01", "FLOW": "20"}]
    with pytest.raises(Refused, match="not UTF-8 text") as error:
        read_file(tmp_path, b"DATE,FLOW\n,\xb0C\n2026-01-01,20\n", data_line=3)
    assert error.value.finding.where == "line 2"


def test_rows_of_a_workbook_begin_where_they_are_declared(tmp_path: Path) -> None:
    rows = [("DATE", "FLOW"), ("", "L/S"), ("2026-01-01", 20.5)]
    found = read_file(tmp_path, xlsx(rows), reader="excel", data_line=3)
    assert found.numbered == {3: {"DATE": "2026-01-01", "FLOW": "20.5"}}
    assert b"20.5" in found.texts[3]
    with pytest.raises(ConfigurationError, match="only files of reader delimited"):
        read_file(tmp_path, xlsx(rows), reader="excel", header_line=0)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"header_line": 2, "data_line": 2}, "comes after the header"),
        ({"decimal_mark": ",", "thousands_mark": ","}, "it is the decimal mark"),
    ],
)
def test_cells_of_a_format_agree(cells: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FileFormat(**{**CELLS, **cells})


@pytest.mark.parametrize("reader", ["delimited", "excel"])
def test_a_record_where_units_were_is_not_skipped(tmp_path: Path, reader: str) -> None:
    if reader == "excel":
        content = xlsx([("DATE", "FLOW"), ("2026-01-01", 20.5), ("2026-01-02", 30)])
    else:
        content = b"DATE,FLOW\n2026-01-01,20.5\n2026-01-02,30\n"
    with pytest.raises(Refused, match="contains data and would be skipped") as error:
        read_file(tmp_path, content, reader=reader, data_line=3)
    assert error.value.finding.where == "line 2"
