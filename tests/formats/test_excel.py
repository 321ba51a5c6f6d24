"""Workbooks as people and programs leave them."""

import random
from pathlib import Path
from typing import Any

import pytest

from include.formats.excel import size
from include.formats.rejected import Refused
from tests.support.opened import Read, read_file
from tests.support.workbooks import Xml, ods, serial, xlsx

HEADER = ("at", "v")
DAY = 46051  # 29 January 2026, as Excel counts days


def read(folder: Path, content: bytes, **more: Any) -> Read:
    return read_file(folder, content, reader="excel", **more)


def refused(folder: Path, content: bytes, **more: Any) -> str:
    with pytest.raises(Refused) as found:
        read(folder, content, **more)
    finding = found.value.finding
    assert finding.where and finding.cure
    return str(finding)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (20.1, "20.1"),
        (5, "5"),
        (5.0, "5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1738108800123, "1738108800123"),
        (1e300, "1e+300"),
        (True, "true"),
        ("20,5", "20,5"),
        ("  padded ", "  padded "),
        (None, ""),
        (serial(DAY, 1), "2026-01-29 00:00:00"),
        (serial(DAY, 2), "2026-01-29 00:00:00"),
        (serial(DAY + 10 / 1440, 2), "2026-01-29 00:10:00"),
        (serial(DAY + 0.999999999, 2), "2026-01-30 00:00:00"),
        (serial(DAY + 0.5 + 0.25 / 86400, 2), "2026-01-29 12:00:00.250"),
        (serial(10 / 24, 3), "10:00:00"),
        (DAY + 10 / 1440, "46051.006944444445"),
        (Xml('<c r="{at}" t="e"><f>1/0</f><v>#DIV/0!</v></c>'), ""),
        (Xml('<c r="{at}" t="e"><v>#N/A</v></c>'), ""),
        (Xml('<c r="{at}"><f>A2*2</f></c>'), ""),
        (Xml('<c r="{at}"><f>A2*2</f><v>41</v></c>'), "41"),
        (Xml('<c r="{at}" t="str"><f>A2</f><v>41</v></c>'), "41"),
    ],
)
def test_a_cell_becomes_a_text(cell: object, text: str, tmp_path: Path) -> None:
    found = read(tmp_path, xlsx([HEADER, ("x", cell)]))
    assert found.rows == [{"at": "x", "v": text}]


def test_numbers_have_the_declared_decimal_mark(tmp_path: Path) -> None:
    found = read(tmp_path, xlsx([HEADER, ("x", 20.5)]), decimal_mark=",")
    assert found.rows[0]["v"] == "20,5"


def test_the_number_of_a_record_is_its_row_in_the_sheet(tmp_path: Path) -> None:
    rows = [
        ("a report",),
        (),
        (None, *HEADER),
        (),
        (None, "x", 1),
        (None, None, " "),
        (None, "y", 2),
    ]
    found = read(tmp_path, xlsx(rows), header_line=3)
    assert found.numbered == {5: {"at": "x", "v": "1"}, 7: {"at": "y", "v": "2"}}
    assert found.texts[7] == b'{"at": "y", "v": "2"}'


def test_the_sheet_is_the_declared_one_or_the_first_that_is_shown(tmp_path: Path) -> None:
    content = xlsx([HEADER, ("x", 1)], other=[HEADER, ("y", 2)], _notes=[("n",), ("z",)])
    assert read(tmp_path, content).rows == [{"at": "x", "v": "1"}]
    assert read(tmp_path, content, records="other").rows == [{"at": "y", "v": "2"}]
    assert read(tmp_path, content, records="notes").rows == [{"n": "z"}]
    message = refused(tmp_path, content, records="others")
    assert "there is no sheet 'others'" in message and "Sheet1, other, notes" in message


def test_a_merged_header_is_refused_if_a_column_with_values_has_no_name(tmp_path: Path) -> None:
    content = xlsx([("at", "temperature", None), ("x", 1, 2)])
    message = refused(tmp_path, content)
    assert "column C holds values and has no name" in message and "merged cells" in message


def test_of_merged_cells_the_first_has_the_value(tmp_path: Path) -> None:
    found = read(tmp_path, xlsx([HEADER, ("x", 1), (None, 2)]))
    assert [row["at"] for row in found.rows] == ["x", ""]


def test_a_column_without_name_and_values_is_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, xlsx([("at", None, "v", ""), ("x", None, 1, "")]))
    assert found.rows == [{"at": "x", "v": "1"}]


@pytest.mark.parametrize(
    ("rows", "line", "message"),
    [
        ([HEADER], 1, "no_rows"),
        ([HEADER, ("x", 1)], 9, "the file ends before the header in line 9"),
        ([(), ("x", 1)], 1, "has no name"),
        ([(None,)], 1, "the file ends before the header"),
        ([("at", "at"), ("x", 1)], 1, "column names appear twice: at"),
    ],
)
def test_a_sheet_without_a_table_is_refused(
    rows: list, line: int, message: str, tmp_path: Path
) -> None:
    assert message in refused(tmp_path, xlsx(rows), header_line=line)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"at,v\nx,1\n", "the file is text, not a workbook"),
        (b"PAR1" + bytes(90), "the file is Parquet, not a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "damaged, or protected by a password"),
        (xlsx([HEADER])[:-40], "the archive is damaged or cut off"),
        (xlsx([HEADER]).replace(b"xl/workbook.xml", b"xl/workbook.bin"), "a binary one (.xlsb)"),
    ],
    ids=["text", "Parquet", "protected", "cut off", "binary"],
)  # fmt: skip
def test_what_is_not_a_workbook_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    assert message in refused(tmp_path, content)


def cell(at: str) -> Xml:
    return Xml(f'<c r="{at}"><v>1</v></c>')


@pytest.mark.parametrize("at", ["XFD1048576", "A99999999", "ZZ1048576"])
def test_a_cell_far_away_is_refused_before_memory_is_filled(at: str, tmp_path: Path) -> None:
    message = refused(tmp_path, xlsx([HEADER, ("x", cell(at))]))
    assert "a sheet spans" in message or "damaged" in message


VALUE = '<table:table-cell office:value-type="float" office:value="1.5"><text:p>1,5</text:p></table:table-cell>'
NAME = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
EMPTY = '<table:table-row table:number-rows-repeated="1048573"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
MANY = VALUE.replace(" ", ' table:number-columns-repeated="16384" ', 1)
FIRST = f"<table:table-row>{NAME.format('at')}{NAME.format('v')}</table:table-row>"


def test_an_opendocument_sheet_is_read_and_its_empty_end_does_not_count(tmp_path: Path) -> None:
    row = f'<table:table-row table:number-rows-repeated="2">{NAME.format("x")}{VALUE}</table:table-row>'
    assert read(tmp_path, ods(FIRST + row + EMPTY)).rows == [{"at": "x", "v": "1.5"}] * 2


@pytest.mark.parametrize(
    "rows",
    [
        f"<table:table-row>{VALUE}</table:table-row>{EMPTY}<table:table-row><table:table-cell table:number-columns-repeated='99'/>{VALUE}</table:table-row>",
        f'<table:table-row table:number-rows-repeated="1048570">{MANY}</table:table-row>',
    ],
)
def test_repeated_cells_are_refused_before_memory_is_filled(rows: str, tmp_path: Path) -> None:
    assert "a sheet spans" in refused(tmp_path, ods(FIRST + rows))


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(size, "MOST_UNPACKED", 10_000)
    rows = [HEADER, *((f"row {n}", n) for n in range(1_000))]
    assert "unpack to more than" in refused(tmp_path, xlsx(rows))


def test_a_damaged_workbook_is_refused_or_read_without_an_error(tmp_path: Path) -> None:
    whole, chance = xlsx([HEADER, *((f"row {n}", n) for n in range(50))]), random.Random(1)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.choice([1, 5, 50])):
            damaged[chance.randrange(len(whole))] = chance.randrange(256)
        try:
            read(tmp_path, bytes(damaged))
        except Refused as refused:
            assert refused.finding.where and refused.finding.cure
