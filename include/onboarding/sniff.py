"""How a sample is written: its reader, delimiter, decimal mark, encoding, and what stands for no
reading. What is found is a row of file_formats.csv, tried on the whole file.
"""

import codecs
import contextlib
import csv
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import pyarrow as pa
from pydantic import ValidationError

from include.core.errors import ConfigurationError
from include.formats.containers import is_archive, unpack
from include.formats.delimited.lines import ROW_NAMES
from include.formats.dialect import read_cells, trimmed
from include.formats.opening import open_file
from include.formats.rejected import Refused, RejectedLines
from include.formats.signatures import kind_of_file
from include.registry.rows import FileFormat

DELIMITERS = ",;\t|"
HEADER_LINES = range(1, 6)
HEAD, LINES = 1 << 20, 50  # bytes and lines in which delimiter and header are looked for
TRIED = 3  # of the ways to split lines
LARGEST = 64 << 20  # bytes of a JSON file in which records are looked for
NULLS = ("unavailable", "unknown", "NA", "N/A", "NaN", "null", "None", "-", "--", "#N/A")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")  # what no header has for a name
NUMERIC = 0.8  # the share of a column's cells that are numbers, if it holds values
SHOWN = 1_000  # cells of a column that are read


@dataclass(frozen=True)
class Sample:
    """A file, read: its columns as texts, in the order of the header.

    `units` of columns and `zone` of the times are what the file says beside its records.
    """

    format_: FileFormat
    columns: dict[str, pa.Array]
    units: dict[str, str] = field(default_factory=dict)
    zone: str = ""

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
    best: tuple[tuple[float, float, int], Sample] | None = None
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
    return _with_what_is_beside(raw, _with_nulls(best[1]))


def _ways(raw: Path, name: str, encoding: str) -> Iterator[FileFormat]:
    """Rows of file_formats.csv to try, the likely ones first."""
    with tempfile.TemporaryDirectory() as scratch:
        inside = unpack(raw, Path(scratch))[0].path if is_archive(raw) else raw
        kind, head = kind_of_file(inside), inside.read_bytes()[:HEAD]
        places = _places(inside) if head.lstrip()[:1] in (b"{", b"[") else []
    if kind == "Parquet":
        yield from _row(name, reader="parquet")
    elif kind in ("zip", "an Office file"):
        for line in HEADER_LINES:
            yield from _row(name, reader="excel", header_line=line)
    for place in places:
        yield from _row(name, reader="json", records=place)
    code = encoding or _encoding(head)
    for (delimiter, line, records), mark in product(_of_delimited(head, code), ".,"):
        if mark != delimiter:
            cells = {"delimiter": delimiter, "header_line": line, "decimal_mark": mark}
            yield from _row(name, reader="delimited", encoding=code, records=records, **cells)


def _places(path: Path) -> list[str]:
    """Where in a JSON file records may be: everywhere, in a list, or in lists of equal length."""
    if path.stat().st_size > LARGEST:
        return [""]
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError):  # an object a line
        return [""]
    found = [""]
    for key, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found.append(key)
        if isinstance(value, dict) and value:
            lengths = {len(one) if isinstance(one, list) else -1 for one in value.values()}
            found += [f"{key}[]"] if len(lengths) == 1 and min(lengths) > 1 else []
    return found[::-1]


def _encoding(head: bytes) -> str:
    """UTF-8 (empty), UTF-16 by its mark, else what Windows writes in western Europe."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return ""


def _of_delimited(head: bytes, encoding: str) -> list[tuple[str, int, str]]:
    """Delimiter, line of the header, and `records`: those after which most lines have as many
    fields, or all have one more.
    """
    lines = head.decode(encoding or "utf-8-sig", "replace").splitlines()[:LINES]
    scored = []
    for delimiter, line in product(DELIMITERS, HEADER_LINES):
        try:
            rows = [row for row in csv.reader(lines[line - 1 :], delimiter=delimiter) if row]
        except csv.Error:
            continue
        counts = [len(row) for row in rows]
        if len(counts) > 1 and counts[0] > 1:
            same = sum(count == counts[0] for count in counts[1:]) / (len(counts) - 1)
            has_names = len(counts) > 2 and all(count == counts[0] + 1 for count in counts[1:])
            records = ROW_NAMES if has_names else ""
            has_numbers = any(NUMBER.fullmatch(cell.strip()) for cell in rows[0])
            score = (has_numbers, -max(same, has_names), -counts[0], line)
            scored.append((score, delimiter, records))
    return [(delimiter, score[3], records) for score, delimiter, records in sorted(scored)[:TRIED]]


def _row(name: str, **cells: object) -> Iterator[FileFormat]:
    with contextlib.suppress(ValidationError):
        yield FileFormat.model_validate({"line": 2, **BLANK, "format": name, **cells})


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


def _values(sample: Sample) -> float:
    """How many columns hold numbers, each by the share of its cells that can be read so."""
    shares = (sample.numeric_share(column) for column in sample.columns)
    return round(sum(share for share in shares if share >= NUMERIC), 3)


def _with_what_is_beside(raw: Path, sample: Sample) -> Sample:
    """Units and zone of parallel lists, as Open-Meteo gives them: `hourly_units`, `timezone`."""
    place = sample.format_.records
    if sample.format_.reader != "json" or not place.endswith("[]"):
        return sample
    with tempfile.TemporaryDirectory() as scratch:
        inside = unpack(raw, Path(scratch))[0].path if is_archive(raw) else raw
        document = json.loads(inside.read_bytes())
    units, zone = document.get(f"{place[:-2]}_units"), document.get("timezone")
    known = units if isinstance(units, dict) else {}
    return replace(
        sample,
        units={name: unit for name, unit in known.items() if isinstance(unit, str)},
        zone=zone if isinstance(zone, str) else "",
    )


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
