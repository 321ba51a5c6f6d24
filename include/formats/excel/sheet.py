"""One sheet of a workbook, as columns of texts."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from include.formats.containers import DAMAGE
from include.formats.dialect import WHITESPACE
from include.formats.excel.cells import column_of, text_of
from include.formats.excel.size import check_size
from include.formats.rejected import Refused
from include.formats.signatures import kind_of_file

WHERE = "the workbook"
ROWS_AT_ONCE = 4_096
KINDS = ("zip", "an Office file")  # .xlsx and .ods; .xls
LETTERS = 26


@dataclass(frozen=True)
class Sheet:
    """The columns of a sheet: their letters, their names, and the cells below the header."""

    has_header: bool
    letters: list[str]
    names: list[str]
    columns: list[pa.Array]
    skipped: list[list[str]]
    rows: int


def read_sheet(workbook: Path, name: str, header_line: int, first_line: int, mark: str) -> Sheet:
    """Read the sheet of a name; of none, the first that is not hidden.

    Numbers are written with the decimal mark `mark`. Raises Refused.
    """
    kind = kind_of_file(workbook)
    if kind not in KINDS:
        raise _refused(f"the file is {kind or 'text'}, not a workbook")
    try:
        if kind == "zip":
            check_size(workbook)
        return _columns(_find(workbook, name), header_line, first_line, mark)
    except (CalamineError, *DAMAGE) as error:
        raise _refused(f"the workbook is damaged, or protected by a password: {error}") from None


def _find(workbook: Path, name: str) -> CalamineSheet:
    opened = CalamineWorkbook.from_path(workbook)
    sheets = [one for one in opened.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    names = [one.name for one in sheets]
    shown = [one.name for one in sheets if one.visible == SheetVisibleEnum.Visible]
    if name and name not in names:
        raise Refused(
            "excel",
            f"there is no sheet {name!r}",
            where=WHERE,
            cure=f"Write one of them into records of file_formats.csv: {', '.join(names)}",
        )
    if not shown:
        raise _refused("the workbook has no sheet that is not hidden")
    return opened.get_sheet_by_name(name or shown[0])


def _columns(sheet: CalamineSheet, header_line: int, first_line: int, mark: str) -> Sheet:
    rows = sheet.iter_rows()
    names = next(itertools.islice(rows, header_line - 1, None), None)
    if names is None:
        return Sheet(has_header=False, letters=[], names=[], columns=[], skipped=[], rows=0)
    parts: list[list[pa.Array]] = [[] for _ in names]
    skipped = list(itertools.islice(rows, first_line - header_line - 1))
    while some := list(itertools.islice(rows, ROWS_AT_ONCE)):
        for part, cells in zip(parts, zip(*some, strict=True), strict=True):
            part.append(column_of(cells, mark))
    columns = [pa.concat_arrays(part) if part else pa.array([], pa.string()) for part in parts]
    first = sheet.start[1] if sheet.start else 0
    return Sheet(
        has_header=True,
        letters=[_letters(first + n) for n in range(len(names))],
        names=[text_of(cell, mark).strip(WHITESPACE) for cell in names],
        columns=columns,
        skipped=[[text_of(cell, mark) for cell in row] for row in skipped],
        rows=len(columns[0]) if columns else 0,
    )


def _letters(column: int) -> str:
    """The letters of a column, counted from 0."""
    before, last = divmod(column, LETTERS)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def _refused(what: str) -> Refused:
    cure = "Save it as .xlsx, without a password, and upload it again"
    return Refused("excel", what, where=WHERE, cure=cure)
