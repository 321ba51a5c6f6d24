"""How a sample is written: its reader, delimiter, decimal mark, encoding, and what stands for no
reading. What is found is a row of file_formats.csv, tried on the whole file.
"""

import codecs
import contextlib
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pyarrow as pa
from pydantic import ValidationError

from include.core.errors import ConfigurationError
from include.formats.dialect import read_cells, trimmed
from include.formats.opening import open_file
from include.formats.rejected import Refused, RejectedLines
from include.registry.rows import FileFormat

DELIMITERS = ",;\t|"
HEADER_LINES = range(1, 6)
HEAD, LINES = 1 << 20, 50  # bytes and lines in which delimiter and header are looked for
TRIED = 3  # of the ways to split lines
NULLS = ("unavailable", "unknown", "NA", "N/A", "NaN", "null", "None", "-", "--", "#N/A")
NUMERIC = 0.8  # the share of a column's cells that are numbers, if it holds values
SHOWN = 1_000  # cells of a column that are read


@dataclass(frozen=True)
class Sample:
    """A file, read: its columns as texts, in the order of the header."""

    format_: FileFormat
    columns: dict[str, pa.Array]

    @property
    def rows(self) -> int:
        """How many records could be read."""
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def texts(self, column: str) -> list[str]:
        """The first distinct texts of a column that are not empty."""
        distinct = trimmed(self.columns[column]).unique().to_pylist()
        return [text for text in distinct[:SHOWN] if text]

    def numeric_share(self, column: str) -> float:
        """The share of the cells of a column that are numbers, of those that are not empty."""
        cells = read_cells(self.columns[column], self.format_)
        filled = len(cells.numbers) - cells.nulls
        return (len(cells.numbers) - cells.numbers.null_count) / filled if filled else 0.0


def sniff(raw: Path, name: str, encoding: str = "") -> Sample:
    """Read a sample in the way that leaves the least unread.

    Args:
        raw: the file.
        name: of the format that is proposed.
        encoding: how its text is encoded, if that is known.

    Raises:
        ConfigurationError: no way reads it; says what each reader found.
    """
    problems: list[str] = []
    best: tuple[tuple[float, int, int], Sample] | None = None
    for row in _ways(raw, name, encoding):
        try:
            sample, read = _read(raw, row)
        except Refused as error:
            problems.append(f"{row.reader}: {error.finding.message}")
            continue
        score = (round(read, 2), _values(sample), len(sample.columns))
        if best is None or score > best[0]:
            best = score, sample
        if read == 1 and _values(sample) and row.reader != "delimited":
            break
    if best is None or not best[1].rows:
        raise ConfigurationError(
            "the sample cannot be read: " + "; ".join(dict.fromkeys(problems)),
            where=raw.name,
            cure="export it as CSV, JSON, Parquet or Excel; or name its encoding",
        )
    return _with_nulls(best[1])


def _ways(raw: Path, name: str, encoding: str) -> Iterator[FileFormat]:
    """Rows of file_formats.csv to try, the likely ones first."""
    for reader, records in (("json", ""), ("parquet", ""), ("excel", "")):
        yield from _row(name, reader=reader, records=records)
    code = encoding or _encoding(raw)
    for (delimiter, line), mark in product(_of_delimited(raw, code), ".,"):
        if mark != delimiter:
            cells = {"delimiter": delimiter, "header_line": line, "decimal_mark": mark}
            yield from _row(name, reader="delimited", encoding=code, **cells)


def _encoding(raw: Path) -> str:
    """UTF-8 (empty), UTF-16 by its mark, else what Windows writes in western Europe."""
    with raw.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return ""


def _of_delimited(raw: Path, encoding: str) -> list[tuple[str, int]]:
    """Delimiter and line of the header: those after which most lines have as many fields."""
    with raw.open("rb") as file:
        lines = file.read(HEAD).decode(encoding or "utf-8-sig", "replace").splitlines()[:LINES]
    scored = []
    for delimiter, line in product(DELIMITERS, HEADER_LINES):
        counts = [len(row) for row in csv.reader(lines[line - 1 :], delimiter=delimiter) if row]
        if len(counts) > 1 and counts[0] > 1:
            same = sum(count == counts[0] for count in counts[1:]) / (len(counts) - 1)
            scored.append((-same, -counts[0], line, delimiter))
    return [(delimiter, line) for _, _, line, delimiter in sorted(scored)[:TRIED]]


def _row(name: str, **cells: object) -> Iterator[FileFormat]:
    with contextlib.suppress(ValidationError):
        row = {"line": 2, **BLANK, "format": name, **cells}
        yield FileFormat.model_validate(
            {k: v for k, v in row.items() if k in FileFormat.model_fields}
        )


BLANK = {
    "delimiter": ",",
    "decimal_mark": ".",
    "header_line": 1,
    "date_formats": "%Y-%m-%d",
    "null_tokens": "",
    "encoding": "",
    "records": "",
}


def _read(raw: Path, row: FileFormat) -> tuple[Sample, float]:
    """The sample, and the share of its records that could be read."""
    rejected = RejectedLines(shows_text=False)
    with open_file(raw, row) as file:
        header = file.header()
        records = file.records(header, rejected, file.rows)
    named = [name for name in header if name]
    total = len(records.numbers) + len(rejected)
    share = len(records.numbers) / total if total else 0.0
    return Sample(row, dict(zip(named, records.columns, strict=True))), share


def _values(sample: Sample) -> int:
    """How many columns hold numbers."""
    return sum(sample.numeric_share(column) >= NUMERIC for column in sample.columns)


def _with_nulls(sample: Sample) -> Sample:
    """Declare those texts that mean no reading and come in a column of numbers."""
    tokens = {token.lower(): token for token in NULLS}
    found: dict[str, None] = {}
    for column in sample.columns.values():
        cells = read_cells(column, sample.format_)
        has_numbers = cells.numbers.null_count < len(cells.numbers)
        texts = trimmed(cells.unreadable.drop_null()).unique().to_pylist() if has_numbers else []
        found |= dict.fromkeys(tokens[text.lower()] for text in texts if text.lower() in tokens)
    row = sample.format_.model_copy(update={"null_tokens": tuple(found)})
    return Sample(row, sample.columns)
