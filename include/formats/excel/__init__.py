"""Excel and OpenDocument workbooks: a row of one sheet is a record.

`header_line` is the row of the names, `data_line` that of the first record, `records` the sheet; if
it is empty, the first that is not hidden. The number of a record is that of its row. Cells become
texts: a number with as many digits as give it back and the declared decimal mark, a date or time as
`YYYY-MM-DD HH:MM:SS`. What has no value is empty: an error, a formula that was never computed, all
cells but the first of merged ones. A date that is stored as a plain number is that number.
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from include.core.errors import ConfigurationError
from include.formats.excel.sheet import Sheet, read_sheet
from include.formats.header import check_names, check_skipped, no_header
from include.formats.port import Records
from include.formats.record_text import record_text
from include.formats.rejected import Refused, RejectedLines, no_rows
from include.registry.rows import FileFormat


class ExcelFile:
    """See the port."""

    names_vary = False
    findings = ()

    def __init__(self, raw: Path, format_: FileFormat) -> None:
        at = format_.header_line
        self._format, self._first = format_, format_.first_line
        self.header_at, self.data_at = f"line {at}", f"line {self._first}"
        self._sheet: Sheet = read_sheet(raw, format_.records, at, self._first, format_.decimal_mark)
        self.rows, self.last = self._sheet.rows, self._first - 1 + self._sheet.rows

    def header(self, wanted: Collection[str] = ()) -> list[str]:
        """See the port. A column without a name and values is left out."""
        sheet = self._sheet
        if not sheet.has_header:
            raise no_header(self._format.header_line)
        for letters, name, texts in zip(sheet.letters, sheet.names, sheet.columns, strict=True):
            if not name and pc.any(pc.not_equal(texts, "")).as_py():
                raise Refused(
                    "header",
                    f"column {letters} holds values and has no name",
                    where=self.header_at,
                    cure="Name it; of merged cells only the first has the name, so split them",
                )
        names = [name for name in sheet.names if name]
        check_names(names, self.header_at)
        check_skipped(sheet.skipped, self._format)
        if not self.rows:
            raise no_rows(self.data_at)
        return names

    def records(self, header: list[str], rejected: RejectedLines, most: int) -> Records:
        """See the port."""
        sheet = self._sheet
        columns = (texts for name, texts in zip(sheet.names, sheet.columns, strict=True) if name)
        found = Records(tuple(columns), np.arange(self._first, self.last + 1))
        return found.only(~found.is_blank())

    def texts(self, numbers: Collection[int]) -> dict[int, bytes]:
        """See the port."""
        return {number: record_text(self._row(number)) for number in numbers}

    def _row(self, number: int) -> dict[str, str]:
        named = zip(self._sheet.names, self._sheet.columns, strict=True)
        return {name: texts[number - self._first].as_py() for name, texts in named if name}


class Excel:
    """See the port."""

    is_text, has_places = False, True

    def open(self, raw: Path, format_: FileFormat) -> ExcelFile:
        """See the port."""
        if not format_.header_line:
            raise ConfigurationError(
                "header_line is 0, and only files of reader delimited may have no header",
                where=f"file_formats.csv, line {format_.line}, column header_line",
                cure="set it to the number of the row that has the column names",
            )
        return ExcelFile(raw, format_)


FORMAT = Excel()
