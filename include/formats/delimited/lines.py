"""Reads delimited text: header and data lines, as texts with their line numbers.

One line of the file is one record.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from include.formats.delimited.raw_text import Lines, RawText, unparsable_lines
from include.formats.dialect import WHITESPACE, trimmed
from include.formats.header import check_names, check_skipped, no_header
from include.formats.port import Records
from include.formats.rejected import Refused, RejectedLines, no_rows
from include.registry.rows import FileFormat

# As R writes tables: each line begins with the name of the row, which the header leaves out.
ROW_NAMES, ROW = "row names", "(row)"


def read_header(head: Sequence[str], format_: FileFormat) -> list[str]:
    """The column names as written, without white space around them; nameless columns at the right
    are empty strings.

    Raises Refused if they are not a header.
    """
    at, first, delimiter = format_.header_line, format_.first_line, format_.delimiter
    where = f"line {at}"
    if len(head) < at:
        raise no_header(at)
    check_skipped((_fields(line, delimiter) for line in head[at : first - 1]), format_)
    if not at:
        return _places(head, first, delimiter)
    columns = _fields(head[at - 1], delimiter)
    if len(columns) == 1:
        other = next((mark for mark in ",;\t|" if mark != delimiter and mark in head[at - 1]), None)
        if other:
            raise Refused(
                "delimiter",
                f"the header is separated by {other!r}, declared is {delimiter!r}",
                where=where,
                cure="Export with the declared delimiter, or change file_formats.csv",
            )
    check_names(columns, where)
    if format_.records == ROW_NAMES:
        columns.insert(0, ROW)
    if len(head) < first:
        raise no_rows(f"line {first}")
    body = _fields(head[first - 1], delimiter)
    if len(body) == len(columns) + 1 and body[-1] == "":
        columns.append("")  # data lines end with a delimiter and the header does not
    return columns


def _places(head: Sequence[str], first: int, delimiter: str) -> list[str]:
    """The names of columns that have none: 1, 2, 3, as many as the first record has fields."""
    if len(head) < first:
        raise no_rows(f"line {first}")
    return [str(place) for place, _ in enumerate(_fields(head[first - 1], delimiter), 1)]


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        return [
            name.strip(WHITESPACE) for name in next(csv.reader([line], delimiter=delimiter), [])
        ]
    except csv.Error as error:
        raise Refused(
            "header", f"cannot be read as delimited text: {error}", cure="Export it again"
        ) from None


def read_lines(
    raw: Path,
    lines: Lines | None,
    header: Sequence[str],
    text: RawText,
    format_: FileFormat,
    rejected: RejectedLines,
    most: int,
) -> Records:
    """The data lines of a file.

    Lines that cannot be read are added to `rejected`; blank lines are left out.

    Args:
        raw: the file.
        lines: its bytes by line, if it has to be loaded; else None.
        header: the names of `read_header`.
        text: what `read_raw_text` says of it.
        format_: how it is declared.
        rejected: the lines that were rejected before; more are added.
        most: more rejected lines than this are not looked for one by one.
    """
    if lines:
        _reject_unparsable(lines, text, format_, rejected, most)
    parsed = _parse(raw, lines if len(rejected) else None, header, format_, rejected)
    before = format_.first_line - 1
    if parsed.num_rows + len(parsed.bad) != text.lines - before:
        raise Refused(
            "quotes",
            "quotes and line ends cannot be distinguished",
            cure="Export it without line breaks within cells",
        )
    numbers = np.delete(
        np.arange(before + 1, text.lines + 1),
        [row.number - before - 1 for row in parsed.bad],
    )
    _reject_by_field_count(parsed.bad, format_, rejected)
    named = [name for name in header if name]
    found = Records(tuple(parsed.columns[: len(named)]), numbers)
    _reject_surplus(parsed.columns[len(named) :], numbers, rejected)
    taken = (
        np.isin(numbers, list(rejected.reasons)) if len(rejected) else np.zeros(len(numbers), bool)
    )
    return found.only(~(taken | found.is_blank()))


def _reject_unparsable(
    lines: Lines, text: RawText, format_: FileFormat, rejected: RejectedLines, most: int
) -> None:
    """Lines that are cut off, are not text, or whose quotes may join fields."""
    if not text.is_clean:
        for number, reason in unparsable_lines(lines, text, most).items():
            what = {"cut_off": "the last line has no end", "encoding": f"not {text.encoding} text"}
            rejected.add(
                number,
                reason,
                f"{what[reason]}: {rejected.quote(lines.text(number).decode(errors='replace'))}",
            )
    if text.has_quotes:
        for number in lines.with_broken_quotes(format_.delimiter):
            if number >= format_.first_line:
                rejected.add(
                    number, "quotes", "a field begins with a quote and does not end with one"
                )


def _reject_by_field_count(
    rows: list[pa_csv.InvalidRow], format_: FileFormat, rejected: RejectedLines
) -> None:
    """Lines with more or fewer fields than the header, except blank ones."""
    for row in rows:
        if row.number in rejected.reasons or not row.text.strip(WHITESPACE + format_.delimiter):
            continue
        commas = format_.delimiter == "," and row.actual_columns > row.expected_columns
        rejected.add(
            row.number,
            "field_count",
            f"{_fields_of(row.actual_columns)} where the header has {row.expected_columns}:"
            f" {rejected.quote(row.text)}",
            cure=(
                "A decimal comma among comma-separated fields? Export with a decimal point"
                if commas
                else ""
            ),
        )


def _reject_surplus(
    columns: list[pa.Array], numbers: npt.NDArray[np.int64], rejected: RejectedLines
) -> None:
    """Lines with a value in a column that has no name."""
    is_surplus = np.zeros(len(numbers), bool)
    for column in columns:
        filled = pc.not_equal(trimmed(column), "").to_numpy(zero_copy_only=False)
        for at in np.flatnonzero(filled & ~is_surplus):
            text = rejected.quote(column[int(at)].as_py())
            rejected.add(
                int(numbers[at]), "field_count", f"a value beyond the last named column: {text}"
            )
        is_surplus |= filled


@dataclass(frozen=True)
class _Parsed:
    columns: list[pa.Array]
    num_rows: int
    bad: list[pa_csv.InvalidRow]


def _parse(
    raw: Path,
    lines: Lines | None,
    header: Sequence[str],
    format_: FileFormat,
    rejected: RejectedLines,
) -> _Parsed:
    names = [f"c{index}" for index in range(len(header))]
    bad: list[pa_csv.InvalidRow] = []

    def keep(row: pa_csv.InvalidRow) -> str:
        bad.append(row)
        return "skip"

    def parse(threads: bool) -> pa.Table:
        bad.clear()
        return pa_csv.read_csv(
            pa.BufferReader(lines.without(rejected.reasons)) if lines else raw,
            pa_csv.ReadOptions(
                column_names=names,
                skip_rows=format_.first_line - 1,
                use_threads=threads,
                block_size=1 << 22,
            ),
            pa_csv.ParseOptions(
                delimiter=format_.delimiter, ignore_empty_lines=False, invalid_row_handler=keep
            ),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )

    try:
        table = parse(threads=True)
        if bad:
            table = parse(threads=False)  # once more, in order, so that rows know their numbers
    except pa.ArrowInvalid as error:
        raise Refused(
            "field_count", f"cannot be read as delimited text: {error}", cure="Export it again"
        ) from error
    return _Parsed([table[name].combine_chunks() for name in names], table.num_rows, list(bad))


def _fields_of(count: int) -> str:
    return f"{count} field" if count == 1 else f"{count} fields"
