"""Judges one raw file against its declared schema and lands its values, in a single pass.

Nothing is guessed here. Lines that cannot be read are rejected one by one and kept in quarantine; what concerns the whole
file (header, dialect, date order, a missing column, too many rejected lines) refuses it.
"""

import difflib
import functools
import hashlib
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include import files
from include.ingest import wall_clock
from include.ingest.date_order import Days, Proof, Unproven, parse_date, prove_date_format
from include.ingest.delimited import DelimitedText, no_rows, read_header, read_lines
from include.ingest.dialect import Cells, digests, read_cells, trimmed
from include.ingest.ledger import STATE_FORMAT, Finding, Layout
from include.ingest.raw_text import Lines, read_raw_text
from include.ingest.rejected import Refused, RejectedLines
from include.local_time import month_of
from include.registry import Registry
from include.registry.rows import Datasource, DatasourceMapping, FileFormat

TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(:([0-5]\d))?", re.ASCII)
# Checks that a run may be told to skip, with a reason: what they find does not keep the file from being read.
SKIPPABLE = frozenset({"required_columns", "new_columns", "row_count", "future_dates"})
# A device's clock may run ahead of ours, and exports name the hour that has begun.
CLOCK_TOLERANCE = timedelta(hours=2)
SHOWN_NAMES = 5
DECLARED_KEY = b"declared"


@dataclass(frozen=True)
class Validation:
    """What was found; `layout` is set when the file could be read and landed. Times are UTC."""

    findings: tuple[Finding, ...]
    layout: Layout | None = None
    rows: int = 0
    rejected: int = 0
    cells: int = 0
    nulls: int = 0
    unreadable: int = 0
    first_reading: datetime | None = None
    last_reading: datetime | None = None
    months: tuple[str, ...] = ()
    exported: datetime | None = None
    judge_again: datetime | None = None

    @property
    def accepted(self) -> bool:
        return self.layout is not None and not any(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True)
class Declared:
    """The declarations of one datasource that a file is compared with."""

    datasource: Datasource
    building_timezone: str
    format: FileFormat
    mappings: tuple[DatasourceMapping, ...]
    raw_names: frozenset[str]

    @classmethod
    def of(cls, registry: Registry, datasource: Datasource) -> "Declared":
        names = frozenset(row.raw_name for row in registry.sensor_mappings if row.datasource_id == datasource.datasource_id)
        zone = registry.building(datasource.building_id).timezone
        return cls(datasource, zone, registry.format_of(datasource), registry.mappings_of(datasource), names)

    @property
    def timestamp_columns(self) -> list[str]:
        return self.mappings[0].timestamp_column.split("+")

    @property
    def device_column(self) -> str:
        """The column that names the device; empty if there is none."""
        return self.mappings[0].location_column.replace("{device}", "")

    @property
    def measurement_column(self) -> str:
        return self.mappings[0].measurement_column

    @property
    def key_columns(self) -> list[str]:
        """Columns that say when and of what, and hold no values."""
        return self.timestamp_columns + [name for name in (self.device_column, self.measurement_column) if name]

    @functools.cached_property
    def fingerprint(self) -> str:
        """Hash of everything that decides how a file is read: if it differs, files are read again."""
        facts = [
            STATE_FORMAT,
            self.format.model_dump(mode="json"),
            self.datasource.model_dump(mode="json", include={"file_pattern", "timezone", "earliest", "interval_minutes", "sensitive"}),
            self.building_timezone,
            [*self.timestamp_columns, self.mappings[0].location_column, self.measurement_column],
        ]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Circumstances:
    """What a verdict depends on apart from file and declarations.

    Attributes:
        as_of: now; later readings are rejected, and judged again when their time has come.
        others: for each device, the date formats that its files have proven by themselves.
        skipped: checks that this run is told to skip.
    """

    as_of: datetime
    others: dict[str, tuple[str, ...]] = field(default_factory=dict)
    skipped: Collection[str] = ()


def validate(raw: Path, path: str, declared: Declared, landed_values: Path, rejected_lines: Path, now: Circumstances) -> Validation:
    """Check the file `raw` (called `path` on the remote) and land its values, unless it cannot be read.

    Args:
        raw: the file as received.
        path: its name on the remote, which may hold the device and the time of export.
        declared: the declarations of its datasource.
        landed_values: where its values go, as Parquet: `source_line`, `timestamp` (UTC), `device`, `measurement`, and for
            each value column `n<i>` (the number) and `t<i>` (the text, if it is unreadable).
        rejected_lines: where the lines go that cannot be read.
        now: what else the verdict depends on.
    """
    findings: list[Finding] = []
    source, format_ = declared.datasource, declared.format
    rejected = RejectedLines(shows_text=not declared.datasource.sensitive)
    try:
        name = re.fullmatch(source.file_pattern, PurePosixPath(path).name)
        groups = name.groupdict() if name else {}
        exported = _exported(groups) if "exported" in groups else None
        text = read_raw_text(raw, format_.header_line)
        findings += text.findings
        if text.lines - format_.header_line > source.row_count_max and "row_count" not in now.skipped:
            raise Refused(
                "row_count",
                f"{text.lines - format_.header_line:,} lines, at most {source.row_count_max:,} are allowed",
                cure="Export the usual range; or change row_count_max in datasources_config.csv",
            )
        columns = read_header(text.head, format_)
        findings += _compare_columns(columns, declared)
        if missing := [column for column in declared.key_columns if column not in columns]:  # also where required_columns is skipped
            raise Refused(
                "key_columns",
                f"no column {missing[0]!r}: without it the values have no time or place",
                where=f"line {format_.header_line}",
                cure="Export it again, or correct datasource_mappings.csv",
            )
        most = int(text.lines * source.rejected_refuse_pct / 100)
        lines = read_lines(raw, columns, text, format_, rejected, most)
        device = groups.get("device") or ""
        others = now.others.get(device, ())
        read = _read(lines, [name for name in columns if name], declared, rejected, now.as_of, exported, others, "future_dates" in now.skipped)
        total = len(read.numbers)
        if not total and not len(rejected):
            raise no_rows(format_)
        if found := rejected.finding(total, source.rejected_warn_pct, source.rejected_refuse_pct):
            findings.append(found)
            if found.severity == "error" or not total:
                return Validation(tuple(findings), rejected=len(rejected), exported=exported)
        instants, odd = read.utc(source.timezone)
        findings += odd
        findings += _unreadable_cells(read, rejected)
        findings += _unknown_sensors(read, device, declared)
        layout = Layout(tuple(read.values), read.proof.format, device, read.proof.basis, others, declared.fingerprint)
        _land(landed_values, read, instants, layout, shows_text=rejected.shows_text)
        _keep(rejected_lines, raw, lines.content, rejected)
        return Validation(
            findings=tuple(findings),
            layout=layout,
            rows=total,
            rejected=len(rejected),
            cells=total * len(read.values),
            nulls=sum(cells.nulls for cells in read.values.values()),
            unreadable=sum(len(cells.unreadable) - cells.unreadable.null_count for cells in read.values.values()),
            first_reading=_instant(instants.min()),
            last_reading=_instant(instants.max()),
            months=_months(instants, declared.building_timezone),
            exported=exported,
            judge_again=read.judge_again,
        )
    except Refused as refused:
        return Validation((*findings, refused.finding), rejected=len(rejected))


def columns_found(raw: Path, declared: Declared) -> list[str]:
    """The names in a file's header, whatever else is wrong with it; none if it cannot be read."""
    try:
        return [name for name in read_header(read_raw_text(raw, declared.format.header_line).head, declared.format) if name]
    except Refused:
        return []


def _exported(groups: dict[str, str]) -> datetime:
    """The time of export in a file's name: the datasource ranks its files by it alone."""
    try:
        return datetime.fromtimestamp(int(groups["exported"]), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise Refused(
            "export_time",
            f"the file's name holds no time of export ({groups['exported']!r}), so it cannot be ranked among the other exports",
            cure="Give it the name it was exported with; the pattern is file_pattern in datasources_config.csv, in seconds since 1970",
        ) from None


def _compare_columns(columns: Sequence[str], declared: Declared) -> list[Finding]:
    named = [name for name in columns if name]
    wanted, optional = declared.datasource.required_columns, declared.datasource.optional_columns
    where = f"line {declared.format.header_line}"
    missing = [want for want in wanted if not any(means(want, name) for name in named)]
    new = [name for name in named if not any(means(want, name) for want in (*wanted, *optional))]
    findings = []
    for want in missing:
        near = difflib.get_close_matches(want, new[:100], 1, cutoff=0.5)
        hint = f"perhaps renamed to {near[0]!r}" if near else f"found: {_first(named, ', ')}"
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
    if new:
        verb = "is" if len(new) == 1 else "are"
        cure = "Add it to datasources_config.csv and sensor_mappings.csv"
        findings.append(Finding("new_columns", severity, f"{_first([repr(name) for name in new])} {verb} not declared", where=where, cure=cure))
    return findings


def _first(names: Sequence[str], separator: str = ", ") -> str:
    """The first names, and how many more there are."""
    more = len(names) - SHOWN_NAMES
    return separator.join(names[:SHOWN_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def means(declared: str, name: str) -> bool:
    """Whether a column of a file is a declared one: by its name, or by a pattern."""
    return declared == name or re.fullmatch(re.escape(declared) if "(" in declared and "\\" not in declared else declared, name) is not None


@dataclass(frozen=True)
class _Read:
    """The accepted lines of a file: each array has one element per line, in the order of the file."""

    numbers: npt.NDArray[np.int64]
    walls: wall_clock.Instants
    device: pa.Array
    measurement: pa.Array
    values: dict[str, Cells]
    proof: Proof
    judge_again: datetime | None

    def utc(self, timezone: str) -> tuple[wall_clock.Instants, list[Finding]]:
        device, measurement = (keys.dictionary_encode() for keys in (self.device, self.measurement))
        codes = [pc.fill_null(keys.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) for keys in (device, measurement)]
        return wall_clock.to_utc(self.walls, codes[0] * (len(measurement.dictionary) + 1) + codes[1], self.numbers, timezone)


def _read(
    lines: DelimitedText,
    names: Sequence[str],
    declared: Declared,
    rejected: RejectedLines,
    as_of: datetime,
    exported: datetime | None,
    others: tuple[str, ...],
    with_future: bool,
) -> _Read:
    """Date the lines and read their cells; what cannot be dated or is written in another dialect is rejected."""
    columns = dict(zip(names, lines.columns, strict=True))
    walls, keep, proof = _walls(lines, columns, declared, rejected, exported, others)
    judge_again = None
    if not with_future and keep.any():
        keep, judge_again = _without_future(lines, walls, keep, declared, rejected, as_of)
    values = {name: read_cells(column, declared.format) for name, column in columns.items() if name not in declared.key_columns}
    for name, cells in values.items():
        if not pc.any(cells.foreign).as_py():
            continue
        foreign = cells.foreign.to_numpy(zero_copy_only=False)
        for at in np.flatnonzero(foreign & keep):
            number = int(lines.numbers[at])
            message = f"{rejected.quote(cells.unreadable[int(at)].as_py())} is not a number with decimal mark {declared.format.decimal_mark!r} and without thousands separators"
            rejected.add(number, "decimal_mark", message, where=f"line {number}, column {name!r}")
        keep &= ~foreign
    if not keep.all():
        lines, walls = lines.only(keep), walls[keep]
        columns = dict(zip(names, lines.columns, strict=True))
        values = {name: read_cells(columns[name], declared.format) for name in values}
    nothing = pa.nulls(len(walls), pa.string())
    device = trimmed(columns[declared.device_column]) if declared.device_column else nothing
    measurement = trimmed(columns[declared.measurement_column]) if declared.measurement_column else nothing
    return _Read(lines.numbers, walls, device, measurement, values, proof, judge_again)


def _walls(
    lines: DelimitedText,
    columns: dict[str, pa.Array],
    declared: Declared,
    rejected: RejectedLines,
    exported: datetime | None,
    others: tuple[str, ...],
) -> tuple[wall_clock.Instants, npt.NDArray[np.bool_], Proof]:
    """Each line's wall clock, which lines have one, and what proved the date format. Raises Refused if nothing does."""
    if len(declared.timestamp_columns) == 2:
        dates, times = (trimmed(columns[name]) for name in declared.timestamp_columns)
    else:
        stamp = trimmed(columns[declared.timestamp_columns[0]])
        dates = pc.replace_substring_regex(stamp, r"[ T].*$", "")
        times = trimmed(pc.replace_substring_regex(stamp, r"^[^ T]*[ T]?", ""))
    dates, times = dates.dictionary_encode(), times.dictionary_encode()
    texts, clocks = dates.dictionary.to_pylist(), times.dictionary.to_pylist()
    date_of, clock_of = dates.indices.to_numpy(), times.indices.to_numpy()
    seconds = np.array([_clock(text) for text in clocks], np.int64) if clocks else np.array([], np.int64)
    formats, earliest = declared.format.date_formats, declared.datasource.earliest
    parsed = {format_: [parse_date(text, format_) for text in texts] for format_ in formats}
    readable = [any(days) for days in zip(*parsed.values(), strict=True)]
    plausible = [any(day and (not earliest or day >= earliest) for day in days) for days in zip(*parsed.values(), strict=True)]

    is_date, is_plausible, is_clock = np.array(readable, bool)[date_of], np.array(plausible, bool)[date_of], seconds[clock_of] >= 0
    header = declared.timestamp_columns[0]
    for at in np.flatnonzero(~is_date):
        text, number = texts[date_of[at]], int(lines.numbers[at])
        if text == header:
            rejected.add(number, "header_repeated", "the header is repeated among the data")
        else:
            rejected.add(number, "timestamp", f"no date in the declared formats ({', '.join(formats)}): {rejected.quote(text)}")
    for at in np.flatnonzero(is_date & ~is_plausible):
        rejected.add(int(lines.numbers[at]), "implausible_date", f"{texts[date_of[at]]} is before {earliest}, the earliest date of this datasource")
    for at in np.flatnonzero(is_date & is_plausible & ~is_clock):
        rejected.add(int(lines.numbers[at]), "timestamp", f"no time of day: {rejected.quote(clocks[clock_of[at]])}")
    keep = is_date & is_plausible & is_clock
    walls = np.zeros(len(lines.numbers), "datetime64[s]")
    if not keep.any():
        return walls, keep, Proof(formats[0], "not needed")

    used = list(dict.fromkeys(date_of[keep].tolist()))
    first, last = np.full(len(texts), 86400), np.full(len(texts), -1)
    np.minimum.at(first, date_of[keep], seconds[clock_of[keep]])
    np.maximum.at(last, date_of[keep], seconds[clock_of[keep]])
    interval = timedelta(minutes=declared.datasource.interval_minutes) if declared.datasource.interval_minutes else None
    try:
        proof = prove_date_format([Days(texts[index], int(first[index]), int(last[index])) for index in used], formats, exported, others, interval)
    except Unproven as problem:
        where = "" if problem.witness is None else f"line {lines.numbers[np.flatnonzero(date_of == texts.index(problem.witness))[0]]}"
        raise Refused("date_order", problem.message, where=where, cure=problem.cure) from None
    days = np.array([parsed[proof.format][index] or datetime(1970, 1, 1).date() for index in range(len(texts))], "datetime64[s]")
    walls[keep] = days[date_of[keep]] + seconds[clock_of[keep]]
    too_early = keep & (walls < np.datetime64(earliest, "s")) if earliest else np.zeros(len(walls), bool)
    for at in np.flatnonzero(too_early):
        rejected.add(int(lines.numbers[at]), "implausible_date", f"{texts[date_of[at]]} is before {earliest}, the earliest date of this datasource")
    return walls, keep & ~too_early, proof


@functools.lru_cache(1 << 17)  # files repeat each other's times of day
def _clock(text: str) -> int:
    """Seconds since midnight; -1 if the text is no time of day."""
    match = TIME.fullmatch(text)
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[4] or 0) if match else -1


def _without_future(
    lines: DelimitedText, walls: wall_clock.Instants, keep: npt.NDArray[np.bool_], declared: Declared, rejected: RejectedLines, as_of: datetime
) -> tuple[npt.NDArray[np.bool_], datetime | None]:
    """Reject what is later than now; also the time from which the file is judged again, since then some of it is not."""
    zone = declared.datasource.timezone
    latest = np.datetime64(wall_clock.of(as_of + CLOCK_TOLERANCE, zone), "s")
    future = keep & (walls > latest)
    if not future.any():
        return keep, None
    for at in np.flatnonzero(future):
        rejected.add(int(lines.numbers[at]), "future_dates", f"a reading of {walls[at].item():%Y-%m-%d %H:%M}, and it is {as_of:%Y-%m-%d %H:%M} UTC")
    next_due = walls[future].min().item().replace(tzinfo=UTC) - timedelta(days=1)  # a day early: whatever the zone is
    return keep & ~future, max(next_due, as_of + timedelta(hours=1))


def _unreadable_cells(read: _Read, rejected: RejectedLines) -> list[Finding]:
    findings = []
    for name, cells in read.values.items():
        count = len(cells.unreadable) - cells.unreadable.null_count
        if not count:
            continue
        at = pc.index(pc.is_valid(cells.unreadable), True).as_py()
        findings.append(
            Finding(
                "text_for_number",
                "warning",
                f"{count:,} {'value is no number' if count == 1 else 'values are no numbers'}, the first is {rejected.quote(cells.unreadable[at].as_py())}",
                where=f"line {read.numbers[at]}, column {name!r}",
                cure="They are kept in quarantine with their lines; the rest is used",
            )
        )
    return findings[:SHOWN_NAMES]


def _unknown_sensors(read: _Read, device: str, declared: Declared) -> list[Finding]:
    """Warn of raw names that no row of sensor_mappings.csv explains, named as in stg_cells.sql."""
    devices = pc.unique(read.device).to_pylist() if declared.device_column else [device] if device else []
    if declared.measurement_column:
        owners = read.device if declared.device_column else pa.array([device] * len(read.numbers))
        names = pc.unique(pc.binary_join_element_wise(owners, read.measurement, "/")).to_pylist()
    else:
        names = devices or list(read.values)
    if not (unknown := [name for name in names if name not in declared.raw_names]):
        return []
    kind = "column" if not devices and not declared.measurement_column else "name"
    has = f"{kind} {unknown[0]!r} has" if len(unknown) == 1 else f"{kind}s {_first([repr(name) for name in unknown])} have"
    return [
        Finding(
            f"unknown_{'column' if kind == 'column' else 'sensor'}",
            "warning",
            f"the {has} no row in sensor_mappings.csv: the cells are counted as unmapped",
            cure="Add a row that says what it is; the months are then built again",
        )
    ]


def _land(path: Path, read: _Read, instants: wall_clock.Instants, layout: Layout, *, shows_text: bool) -> None:
    columns: dict[str, Any] = {
        "source_line": pa.array(read.numbers, pa.int32()),
        "timestamp": pa.array(instants.astype("datetime64[us]"), pa.timestamp("us", "UTC")),
        "device": read.device,
        "measurement": read.measurement,
    }
    for index, cells in enumerate(read.values.values()):
        columns |= {f"n{index}": cells.numbers, f"t{index}": cells.unreadable if shows_text else digests(cells.unreadable)}
    table = pa.table(columns).replace_schema_metadata({DECLARED_KEY: layout.declared.encode()})
    plain = {"source_line": "DELTA_BINARY_PACKED", "timestamp": "DELTA_BINARY_PACKED"}
    files.write_parquet(path, table, use_dictionary=[name for name in columns if name not in plain], column_encoding=plain)


def _keep(path: Path, raw: Path, lines: Lines | None, rejected: RejectedLines) -> None:
    if not len(rejected):
        files.remove(path)
        return
    lines = lines or Lines(raw.read_bytes())
    files.write_parquet(path, rejected.table({number: lines.text(number) for number in rejected.reasons}))


def is_landed(path: Path, layout: Layout, rows: int) -> bool:
    """Whether the landed values of a file are there, whole, and read by the declarations that the ledger names."""
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError):
        return False
    wanted = ["source_line", "timestamp", "device", "measurement", *(f"{kind}{n}" for n in range(len(layout.columns)) for kind in "nt")]
    metadata = table.schema.metadata or {}
    return table.column_names == wanted and table.num_rows == rows and metadata.get(DECLARED_KEY) == layout.declared.encode()


def _months(instants: wall_clock.Instants, timezone: str) -> tuple[str, ...]:
    """The building's months that hold a reading; hours are looked at, since a zone's months begin at full or half hours."""
    quarters = np.unique(instants.astype("datetime64[m]").astype(np.int64) // 15) * 15
    return tuple(sorted({month_of(datetime.fromtimestamp(int(minute) * 60, UTC), timezone) for minute in _ends_of_runs(quarters)}))


def _ends_of_runs(minutes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Of sorted minutes, the first and last of each UTC day: no month of any zone begins and ends between them unseen."""
    days = minutes // 1440
    edges = np.flatnonzero(np.diff(days))
    ends = np.concatenate([[0], edges, edges + 1, [len(minutes) - 1]]).astype(np.int64)
    return minutes[np.unique(ends)]


def _instant(moment: np.datetime64) -> datetime:
    found: datetime = moment.astype("datetime64[s]").item()
    return found.replace(tzinfo=UTC)
