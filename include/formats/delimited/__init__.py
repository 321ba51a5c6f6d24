"""Delimited text (CSV and its relatives): a header line, then one record a line."""

from collections.abc import Collection
from pathlib import Path

from include.core.errors import ConfigurationError
from include.formats.delimited.lines import ROW_NAMES, read_header, read_lines
from include.formats.delimited.raw_text import Lines, read_raw_text
from include.formats.port import Records
from include.formats.rejected import RejectedLines
from include.registry.rows import FileFormat


class DelimitedFile:
    """See the port."""

    names_vary = False

    def __init__(self, raw: Path, format_: FileFormat) -> None:
        self._raw, self._format = raw, format_
        before = format_.first_line - 1
        self._text = read_raw_text(raw, before, format_.encoding_name)
        self._lines: Lines | None = None
        self.rows, self.last = max(self._text.lines - before, 0), self._text.lines
        self.header_at = f"line {max(format_.header_line, 1)}"
        self.data_at = f"line {format_.first_line}"
        self.findings = self._text.findings

    def header(self, wanted: Collection[str] = ()) -> list[str]:
        """See the port."""
        return read_header(self._text.head, self._format)

    def records(self, header: list[str], rejected: RejectedLines, most: int) -> Records:
        """See the port."""
        if not (self._text.is_clean and not self._text.has_quotes):
            self._lines = Lines(self._raw.read_bytes())
        return read_lines(self._raw, self._lines, header, self._text, self._format, rejected, most)

    def texts(self, numbers: Collection[int]) -> dict[int, bytes]:
        """See the port."""
        lines = self._lines or Lines(self._raw.read_bytes())
        return {number: lines.text(number) for number in numbers}


class Delimited:
    """See the port."""

    is_text, has_places = True, True

    def open(self, raw: Path, format_: FileFormat) -> DelimitedFile:
        """See the port."""
        if format_.records not in ("", ROW_NAMES):
            raise ConfigurationError(
                f"records is {format_.records!r}, and files of reader delimited hold one table",
                where=f"file_formats.csv, line {format_.line}, column records",
                cure=f"leave the cell empty, or write {ROW_NAMES} if each line begins with a name",
            )
        return DelimitedFile(raw, format_)


FORMAT = Delimited()
