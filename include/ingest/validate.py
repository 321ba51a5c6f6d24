"""Judges one raw file against its declared schema and lands it as text Parquet, in a single pass.

Nothing is changed, dropped or guessed here: landing holds the file's own texts, with the line each came from.
"""

import csv
import difflib
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from include import files
from include.ingest.date_order import Unproven, prove_date_format
from include.ingest.ledger import Finding, Layout
from include.ingest.raw_text import RawText, read_raw_text
from include.local_time import ClockChange, clock_changes
from include.registry import Registry
from include.registry.rows import Datasource, DatasourceMapping, FileFormat

LINE_COLUMN = "source_line"
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(:([0-5]\d))?", re.ASCII)
# Checks that a run may be told to skip, with a reason: what they find does not keep the file from being read.
SKIPPABLE = frozenset({"required_columns", "new_columns", "null_share", "row_count", "future_dates"})


@dataclass(frozen=True)
class Validation:
    """What was found; `layout` is set when the file could be read and landed."""

    findings: tuple[Finding, ...]
    layout: Layout | None = None
    rows: int = 0
    cells: int = 0
    nulls: int = 0
    first_reading: datetime | None = None
    last_reading: datetime | None = None

    @property
    def accepted(self) -> bool:
        return self.layout is not None and not any(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True)
class Declared:
    """The declarations of one datasource that a file is held against."""

    datasource: Datasource
    format: FileFormat
    mappings: tuple[DatasourceMapping, ...]
    raw_names: frozenset[str]

    @classmethod
    def of(cls, registry: Registry, datasource: Datasource) -> "Declared":
        names = frozenset(row.raw_name for row in registry.sensor_mappings if row.datasource_id == datasource.datasource_id)
        return cls(datasource, registry.format_of(datasource), registry.mappings_of(datasource), names)

    @property
    def timestamp_columns(self) -> list[str]:
        return self.mappings[0].timestamp_column.split("+")

    @property
    def key_columns(self) -> list[str]:
        """Columns that say when and of what, and hold no values."""
        others = (self.mappings[0].location_column, self.mappings[0].measurement_column)
        return self.timestamp_columns + [name for name in others if name and name != "{device}"]


class Refused(Exception):
    """The file cannot be read on; carries the finding that says why."""

    def __init__(self, check: str, message: str, *, where: str = "", cure: str = "") -> None:
        self.finding = Finding(check, "error", message, where=where, cure=cure)
        super().__init__(message)


def validate(raw: Path, path: str, declared: Declared, landed_text: Path) -> Validation:
    """Check the file `raw` (called `path` on the remote) and land it as `landed_text` unless it cannot be read."""
    findings: list[Finding] = []
    try:
        text = read_raw_text(raw, declared.format.header_line + 1)
        findings += text.findings
        if not text.readable:
            return Validation(tuple(findings))
        columns = _header(text.head, declared)
        findings += _compare_columns(columns, declared)
        table = _read(raw, columns, text, declared)
        name = re.fullmatch(declared.datasource.file_pattern, PurePosixPath(path).name)
        groups = name.groupdict() if name else {}
        missing = [column for column in declared.key_columns if column not in columns]
        if missing:  # also where the check of required columns is skipped
            raise Refused(
                "key_columns",
                f"no column {missing[0]!r}: without it the values have no time or place",
                where=f"line {declared.format.header_line}",
                cure="Export it again, or correct datasource_mappings.csv",
            )
        date_format, wall_clock = _times(table, declared, _exported(groups.get("exported")))
        first, last = pc.min_max(wall_clock).as_py().values()
        for change in clock_changes(declared.datasource.timezone, first, last):
            findings += _clock_change(wall_clock, table[LINE_COLUMN], change)
        values = [column for column in columns if column and column not in declared.key_columns]
        nulls, odd = _values(table, values, declared.format)
        findings += odd
        findings += _unknown_sensors(table, values, groups.get("device") or "", declared)
        files.write_parquet(
            landed_text,
            table,
            use_dictionary=[column for column in table.column_names if column != LINE_COLUMN],
            column_encoding={LINE_COLUMN: "DELTA_BINARY_PACKED"},
        )
        layout = Layout(tuple(column for column in columns if column), date_format, groups.get("device") or "")
        return Validation(tuple(findings), layout, table.num_rows, table.num_rows * len(values), nulls, first, last)
    except Refused as refused:
        return Validation((*findings, refused.finding))


def columns_found(raw: Path, declared: Declared) -> list[str]:
    """The names in a file's header, whatever else is wrong with it; none if it cannot be read."""
    try:
        return [name for name in _header(read_raw_text(raw, declared.format.header_line + 1).head, declared) if name]
    except Refused:
        return []


def _header(head: Sequence[str], declared: Declared) -> list[str]:
    """The column names as written; nameless columns at the right are empty strings."""
    at, delimiter = declared.format.header_line, declared.format.delimiter
    where = f"line {at}"
    if len(head) < at:
        raise Refused("header", f"the file ends before the header in line {at}", where=where, cure="Export it again")
    columns = [name.strip() for name in next(csv.reader([head[at - 1]], delimiter=delimiter))]
    if len(columns) == 1:
        other = next((mark for mark in ",;\t|" if mark != delimiter and mark in head[at - 1]), None)
        if other:
            raise Refused(
                "delimiter",
                f"the header is separated by {other!r}, declared is {delimiter!r}",
                where=where,
                cure="Export with the declared delimiter, or change file_formats.csv",
            )
    named = [name for name in columns if name]
    if not named:
        raise Refused("header", "the header is empty", where=where, cure="Export it again")
    if "" in columns[: len(named)]:
        raise Refused("header", "a column in the middle has no name", where=where, cure="Name it, or export again")
    if LINE_COLUMN in named:
        raise Refused("header", f"a column is called {LINE_COLUMN}, which the platform uses", where=where, cure="Rename it")
    doubled = sorted({name for name in named if named.count(name) > 1})
    if doubled:
        raise Refused("header", f"columns stand twice: {', '.join(doubled)}", where=where, cure="Export each column once")
    if len(head) == at:
        raise Refused("no_rows", "a header and no data", where=f"line {at + 1}", cure="Nothing was measured, or the export failed: export it again")
    body = next(csv.reader([head[at]], delimiter=delimiter), [])
    if len(body) == len(columns) + 1 and body[-1] == "":
        columns.append("")  # data lines end with a delimiter and the header does not
    return columns


def _compare_columns(columns: Sequence[str], declared: Declared) -> list[Finding]:
    named = [name for name in columns if name]
    wanted, optional = declared.datasource.required_columns, declared.datasource.optional_columns
    where = f"line {declared.format.header_line}"
    missing = [want for want in wanted if not any(means(want, name) for name in named)]
    new = [name for name in named if not any(means(want, name) for want in (*wanted, *optional))]
    findings = []
    for want in missing:
        near = difflib.get_close_matches(want, new, 1, cutoff=0.5)
        hint = f"perhaps renamed to {near[0]!r}" if near else f"found: {', '.join(named)}"
        findings.append(
            Finding(
                "required_columns",
                "error",
                f"no column matches {want!r}; {hint}",
                where=where,
                cure="Export it again, or correct required_columns in datasources_config.csv",
            )
        )
    severity: Literal["error", "warning"] = "error" if declared.datasource.on_new_column == "refuse" else "warning"
    findings += [
        Finding("new_columns", severity, f"{name!r} is not declared", where=where, cure="Add it to datasources_config.csv and sensor_mappings.csv")
        for name in new
    ]
    return findings


def means(declared: str, name: str) -> bool:
    """Whether a column of a file is a declared one: by its name, or by a pattern."""
    return declared == name or re.fullmatch(re.escape(declared) if "(" in declared and "\\" not in declared else declared, name) is not None


def _read(raw: Path, columns: Sequence[str], text: RawText, declared: Declared) -> pa.Table:
    """The data lines as text with their line numbers. Raises Refused with the line that does not fit the header."""
    header_line = declared.format.header_line
    names = [name or f"nameless {index}" for index, name in enumerate(columns)]
    bad: list[pa_csv.InvalidRow] = []

    def keep(row: pa_csv.InvalidRow) -> str:
        bad.append(row)
        return "skip"

    def parse(threads: bool) -> pa.Table:
        bad.clear()
        return pa_csv.read_csv(
            raw,
            pa_csv.ReadOptions(column_names=names, skip_rows=header_line, use_threads=threads, block_size=1 << 22),
            pa_csv.ParseOptions(delimiter=declared.format.delimiter, ignore_empty_lines=False, invalid_row_handler=keep),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )

    try:
        table = parse(threads=True)
        if table.num_rows + len(bad) != text.lines - header_line:
            raise Refused(
                "quotes",
                "a quote is opened and not closed in its line",
                where=_line_of_open_quote(raw, header_line),
                cure="Remove the quote, or close it, and upload again",
            )
        if bad:
            parse(threads=False)  # once more, in order, so that rows know their numbers
            row = bad[0]
            decimal = declared.format.delimiter == "," and row.actual_columns > row.expected_columns
            raise Refused(
                "field_count",
                f"{row.actual_columns} fields where the header has {row.expected_columns}: {row.text[:80]!r}",
                where=f"line {row.number}",
                cure="A decimal comma among comma-separated fields? Export with a decimal point"
                if decimal
                else "The line is cut off or damaged: export it again",
            )
    except pa.ArrowInvalid as error:
        raise Refused("field_count", f"cannot be read as delimited text: {error}", cure="Export it again") from error
    table = table.slice(0, max(0, table.num_rows - text.trailing_blank_lines))
    if table.num_rows == 0:
        raise Refused("no_rows", "a header and no data", where=f"line {header_line + 1}", cure="Nothing was measured, or the export failed: export it again")
    for name in names[len([column for column in columns if column]) :]:
        filled = pc.not_equal(pc.utf8_trim_whitespace(table[name]), "")
        if (at := pc.index(filled, True).as_py()) >= 0:
            raise Refused(
                "field_count",
                f"a value beyond the last named column: {table[name][at].as_py()!r}",
                where=f"line {header_line + 1 + at}",
                cure="Name the column, or export again",
            )
        table = table.drop_columns(name)
    first_line = header_line + 1
    return table.append_column(LINE_COLUMN, pa.arange(first_line, first_line + table.num_rows).cast(pa.int32()))


def _line_of_open_quote(raw: Path, header_line: int) -> str:
    with raw.open(encoding="utf-8") as file:
        return next((f"line {number}" for number, line in enumerate(file, 1) if number > header_line and line.count('"') % 2), "")


def _exported(seconds: str | None) -> datetime | None:
    """The time of export in a file's name; None if it is none."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


def _times(table: pa.Table, declared: Declared, exported: datetime | None) -> tuple[str, pa.ChunkedArray]:
    """The proven date format and each line's wall clock. Raises Refused if any line cannot be dated."""
    if len(declared.timestamp_columns) == 2:
        dates, times = (table[name] for name in declared.timestamp_columns)
    else:
        stamp = table[declared.timestamp_columns[0]]
        dates = pc.replace_substring_regex(stamp, r"[ T].*$", "")
        times = pc.replace_substring_regex(stamp, r"^[^ T]*[ T]?", "")
    dates, times = pc.dictionary_encode(dates).combine_chunks(), pc.dictionary_encode(times).combine_chunks()
    texts, clocks = dates.dictionary.to_pylist(), times.dictionary.to_pylist()

    def line_of(column: pa.DictionaryArray, index: int) -> str:
        return f"line {table[LINE_COLUMN][pc.index(column.indices, pa.scalar(index, column.indices.type)).as_py()].as_py()}"

    try:
        format_ = prove_date_format(texts, declared.format.date_formats, exported)
    except Unproven as problem:
        where = "" if problem.witness is None else line_of(dates, texts.index(problem.witness))
        if problem.witness == declared.timestamp_columns[0]:
            cure = "Two exports were pasted together: upload them as two files"
            raise Refused("header_repeated", "the header stands again among the data", where=where, cure=cure) from None
        raise Refused(problem.check, problem.message, where=where, cure=problem.cure) from None
    since_midnight = [_clock(text) for text in clocks]
    if None in since_midnight:
        at = since_midnight.index(None)
        raise Refused("timestamp", f"no time of day: {clocks[at]!r}", where=line_of(times, at), cure="Correct or remove the line and upload again")
    days = pa.array([datetime.strptime(text, format_) for text in texts], pa.timestamp("s"))
    return format_, pc.add(days.take(dates.indices), pa.array(since_midnight, pa.duration("s")).take(times.indices))


@functools.lru_cache(1 << 17)  # files repeat each other's times of day
def _clock(text: str) -> timedelta | None:
    match = TIME.fullmatch(text.strip(" "))
    return timedelta(hours=int(match[1]), minutes=int(match[2]), seconds=int(match[4] or 0)) if match else None


def _clock_change(wall_clock: pa.Array, lines: pa.ChunkedArray, change: ClockChange) -> list[Finding]:
    """Warn of readings whose instant the file leaves open; what is assumed of them is said in parse.sql."""
    inside = pc.and_(pc.greater_equal(wall_clock, change.start), pc.less(wall_clock, change.stop))
    if (first := pc.index(inside, True).as_py()) < 0:
        return []
    hour, where = f"{change.start:%Y-%m-%d %H:%M} to {change.stop:%H:%M}", f"line {lines[first].as_py()}"
    if change.kind == "skipped":
        return [
            Finding(
                "clock_change",
                "warning",
                f"{pc.sum(inside).as_py()} lines from {hour}, which did not exist: read as if the clock had not been set forward",
                where=where,
                cure="Look whether the device sets its clock",
            )
        ]
    both = pc.and_(inside[1:], inside[:-1])
    stands = pc.sum(pc.and_(both, pc.equal(wall_clock[1:], wall_clock[:-1]))).as_py() or 0
    turns = pc.sum(pc.and_(both, pc.less(wall_clock[1:], wall_clock[:-1]))).as_py() or 0
    if turns == 1 or (turns == 0 and stands):
        return []
    if turns == 0 and first > 0 and not pc.any(pc.greater_equal(wall_clock, change.stop)).as_py():
        return []  # the file ends within the first pass
    why = f"goes back {turns} times in the file" if turns else "stands once in the file"
    taken = "all after the first of these were" if turns else "it was"
    return [
        Finding(
            "clock_change",
            "warning",
            f"the hour from {hour} came twice and {why}: {taken} read as its {'second' if turns else 'first'} pass",
            where=where,
            cure="Export a range that begins before it, in the order of time",
        )
    ]


def _unknown_sensors(table: pa.Table, values: Sequence[str], device: str, declared: Declared) -> list[Finding]:
    """Warn of raw names that no row of sensor_mappings.csv explains, named as in stg_cells.sql."""
    mapping = declared.mappings[0]
    by_column = mapping.location_column not in ("", "{device}")
    devices = pc.unique(pc.utf8_trim(table[mapping.location_column], " ")).to_pylist() if by_column else [device] if device else []
    if mapping.measurement_column:
        kinds = pc.utf8_trim(table[mapping.measurement_column], " ")
        owners = pc.utf8_trim(table[mapping.location_column], " ") if by_column else device
        names = pc.unique(pc.binary_join_element_wise(owners, kinds, "/")).to_pylist()
    else:
        names = devices or list(values)
    return [
        Finding(
            "unknown_sensor",
            "warning",
            f"{name!r} has no row in sensor_mappings.csv: its cells were counted as unmapped",
            cure="Add a row that says what it is; the months are then built again",
        )
        for name in names
        if name not in declared.raw_names
    ]


def _values(table: pa.Table, columns: Sequence[str], format_: FileFormat) -> tuple[int, list[Finding]]:
    """Count the nulls; refuse numbers of another dialect; warn of single texts that are no numbers."""
    mark, other = re.escape(format_.decimal_mark), "," if format_.decimal_mark == "." else r"\."
    number = rf"^[+-]?\d{{1,99}}({mark}\d*)?([eE][+-]?\d{{1,2}})?$"  # as in parse.sql
    foreign = rf"^[+-]?\d+({other}\d+)+({mark}\d+)?$|^[+-]?\d{{1,3}}([ \x{{00A0}}']\d{{3}})+({mark}\d*)?$"
    tokens = pa.array(["", *(token.upper() for token in format_.null_tokens)])
    nulls = 0
    findings = []
    for column in columns:
        counts = pc.value_counts(table[column])
        texts = pc.utf8_trim_whitespace(counts.field("values"))
        is_null = pc.is_in(pc.utf8_upper(texts), value_set=tokens)
        nulls += pc.sum(pc.filter(counts.field("counts"), is_null)).as_py() or 0
        unreadable = pc.and_not(pc.invert(pc.match_substring_regex(texts, number)), is_null)
        bad = pc.filter(counts, unreadable)
        if len(bad) == 0:
            continue
        bad_texts = bad.field("values")
        wrong_dialect = pc.filter(bad_texts, pc.match_substring_regex(pc.utf8_trim_whitespace(bad_texts), foreign))
        example = (wrong_dialect if len(wrong_dialect) else bad_texts)[0].as_py()
        line = table[LINE_COLUMN][pc.index(table[column], example).as_py()].as_py()
        where = f"line {line}, column {column!r}"
        if len(wrong_dialect):
            findings.append(
                Finding(
                    "decimal_mark",
                    "error",
                    f"{example!r} is not a number with decimal mark {format_.decimal_mark!r} and without thousands separators",
                    where=where,
                    cure="Export in the declared form, or change decimal_mark in file_formats.csv",
                )
            )
        else:
            count = pc.sum(bad.field("counts")).as_py()
            findings.append(
                Finding(
                    "text_for_number",
                    "warning",
                    f"{count} values are no numbers, the first is {example!r}",
                    where=where,
                    cure="They are kept in quarantine with their lines; the rest is used",
                )
            )
    return nulls, findings
