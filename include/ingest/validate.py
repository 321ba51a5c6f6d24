"""Judges one raw file against its declared schema and lands its values, in a single pass.

Nothing is guessed here. Lines that cannot be read are rejected one by one and kept in quarantine;
what concerns the whole file (header, dialect, date order, a missing column, too many rejected
lines) refuses it.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.core.calendar import month_of
from include.core.settings import Settings
from include.formats import wall_clock
from include.formats.declared import Circumstances, Declared, means
from include.formats.landed_values import land_rejected_lines, land_values
from include.formats.opening import open_file, with_member
from include.formats.packed import PackedFiles
from include.formats.port import RawFile
from include.formats.rejected import CURES, Refused, RejectedLines, no_rows
from include.formats.values import NameParts, Values, read_values
from include.ingest.table import read_table
from include.ledger.ledger import FileVersion, Finding, Layout
from include.ledger.pack import Pack
from include.registry.rows import Datasource

# Checks that a run may skip, with a reason: their findings do not prevent reading the file.
SKIPPABLE = frozenset({"required_columns", "new_columns", "row_count", "future_dates"})
SHOWN_NAMES = 5


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
        """Whether no finding refuses the file."""
        return self.layout is not None and not any(
            finding.severity == "error" for finding in self.findings
        )


def validate(
    raw: Path | Pack,
    path: str,
    declared: Declared,
    landed_values: Path,
    rejected_lines: Path,
    now: Circumstances,
) -> Validation:
    """Check the file `raw` (called `path` on the remote) and land its values, unless it cannot be
    read.

    Args:
        raw: the file as received, or the pack.
        path: its name on the remote, which may hold the device and the time of export.
        declared: the declarations of its datasource.
        landed_values: where its values go, as Parquet: `source_line`, `timestamp` (UTC), `device`,
            `measurement`, and for each value column `n<i>` (the number) and `t<i>` (the text, if it
            is unreadable).
        rejected_lines: where the lines go that cannot be read.
        now: what else the verdict depends on.
    """
    try:
        if path in declared.tables:
            return _judge_table(raw, path, declared)
        with open_file(raw, declared.format) as file:
            source = declared.datasource
            packed = PackedFiles.of(raw, source) if isinstance(raw, Pack) else None
            found = _judge(file, packed, path, declared, landed_values, rejected_lines, now)
            named = tuple(with_member(file, finding) for finding in found.findings)
            return replace(found, findings=named)
    except Refused as refused:
        return Validation((refused.finding,))


def _judge(
    file: RawFile,
    packed: PackedFiles | None,
    path: str,
    declared: Declared,
    landed_values: Path,
    rejected_lines: Path,
    now: Circumstances,
) -> Validation:
    """The same of a file that is open."""
    findings = list(file.findings)
    source = declared.datasource
    rejected = RejectedLines(shows_text=not declared.datasource.sensitive)
    try:
        name = _name_parts(path, source, packed)
        if file.rows > source.row_count_max and "row_count" not in now.skipped:
            raise Refused(
                "row_count",
                f"{file.rows:,} lines, at most {source.row_count_max:,} are allowed",
                cure="Export the usual range; or change row_count_max in datasources_config.csv",
            )
        columns = file.header(declared.named_columns)
        findings += _compare_columns(columns, declared, file.header_at)
        if missing := [
            column for column in declared.key_columns if column not in columns
        ]:  # also where required_columns is skipped
            raise Refused(
                "key_columns",
                f"no column {missing[0]!r}: without it the values have no time or place",
                where=file.header_at,
                cure="Export it again, or correct datasource_mappings.csv",
            )
        most = int((file.rows + 1) * source.rejected_refuse_pct / 100)
        records = file.records(columns, rejected, most)
        read = read_values(
            records, [column for column in columns if column], declared, now, name, rejected
        )
        total = len(read.numbers)
        if not total and not len(rejected):
            raise no_rows(file.data_at)
        # of a pack each file is refused by itself
        refuse_pct = 100 * bool(total) if packed else source.rejected_refuse_pct
        if found := rejected.finding(total, source.rejected_warn_pct, refuse_pct):
            findings.append(found)
            if found.severity == "error" or not total:
                return Validation(tuple(findings), rejected=len(rejected), exported=name.exported)
        instants, odd = read.utc(source.timezone)
        findings += odd
        if packed:
            read, instants, superseded = _newest_records(packed, read, instants, rejected)
            findings += superseded
            total = len(read.numbers)
        findings += _repeated_times(read, instants)
        findings += _unreadable_cells(read, rejected, name.device, declared)
        findings += _unknown_sensors(read, name.device, declared)
        others = now.others.get(name.device, ())
        layout = Layout(
            tuple(read.cells),
            read.proof.format,
            name.device,
            read.proof.basis,
            others,
            declared.fingerprint,
        )
        land_values(landed_values, read, instants, layout, shows_text=rejected.shows_text)
        land_rejected_lines(rejected_lines, file, rejected)
        return Validation(
            findings=tuple(findings),
            layout=layout,
            rows=total,
            rejected=len(rejected),
            cells=total * len(read.cells),
            nulls=sum(cells.nulls for cells in read.cells.values()),
            unreadable=sum(
                len(cells.unreadable) - cells.unreadable.null_count for cells in read.cells.values()
            ),
            first_reading=_instant(instants.min()),
            last_reading=_instant(instants.max()),
            months=_months(instants, declared.building_timezone),
            exported=name.exported,
            judge_again=read.judge_again,
        )
    except Refused as refused:
        return Validation((*findings, refused.finding), rejected=len(rejected))


def _judge_table(raw: Path | Pack, path: str, declared: Declared) -> Validation:
    """A table of the releases has no readings: nothing is landed of it."""
    assert isinstance(raw, Path)
    table, columns = declared.tables[path]
    layout, rows, nulls = read_table(raw, columns, table.key, declared.fingerprint)
    return Validation((), layout, rows, cells=rows * len(columns), nulls=nulls)


def read_version(
    settings: Settings, declared: Declared, version: FileVersion, now: Circumstances
) -> Validation:
    """Validate the landed file of a version, and land its values."""
    place = (version.building_id, version.datasource_id, version.sha256)
    raw = version.raw(settings.paths)
    values, rejected = (
        settings.paths.landed_values(*place, version.path),
        settings.paths.rejected_lines(*place, version.path),
    )
    return validate(raw, version.path, declared, values, rejected, now)


def columns_found(raw: Path | Pack, declared: Declared) -> list[str]:
    """The names in a file's header, whatever else is wrong with it; none if it cannot be read."""
    try:
        with open_file(raw, declared.format) as file:
            return [name for name in file.header(declared.named_columns) if name]
    except Refused:
        return []


def _name_parts(path: str, datasource: Datasource, packed: PackedFiles | None) -> NameParts:
    """What a file's name says; the path of a pack ends with the device, if its files' names have
    one.

    Raises Refused if it lacks the time of export by which its datasource ranks files.
    """
    if packed:
        return NameParts(path.partition("/")[2], None, packed)
    match = re.fullmatch(datasource.file_regex, PurePosixPath(path).name)
    groups = match.groupdict() if match else {}
    device = groups.get("device") or ""
    if "exported" not in groups:
        return NameParts(device, None)
    try:
        return NameParts(device, datetime.fromtimestamp(int(groups["exported"]), UTC))
    except (TypeError, ValueError, OverflowError, OSError):
        raise Refused(
            "export_time",
            f"the file's name holds no time of export ({groups['exported']!r}), so it cannot be"
            " ranked among the other exports",
            cure=(
                "Give it the name it was exported with; the pattern is file_pattern in"
                " datasources_config.csv, in seconds since 1970"
            ),
        ) from None


def _compare_columns(columns: Sequence[str], declared: Declared, where: str) -> list[Finding]:
    named = [name for name in columns if name]
    wanted, optional = declared.datasource.required_columns, declared.datasource.optional_columns
    missing = [want for want in wanted if not any(means(want, name) for name in named)]
    # names, not patterns: one such as `.*` would declare every column
    described = {
        *declared.key_columns,
        *(name for row in declared.mappings for name in row.value_column.split("|")),
    }
    new = [
        name
        for name in named
        if name not in described and not any(means(want, name) for want in (*wanted, *optional))
    ]
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
                cure=(
                    "Export it again; if the new name stays, write both (old|new) into"
                    " required_columns (datasources_config.csv) and value_column"
                    " (datasource_mappings.csv)"
                ),
            )
        )
    for row in declared.mappings:
        covered = (*missing, *(want for want in optional if want == row.value_column))
        if row.value_column not in covered and not any(
            means(row.value_column, name) for name in named
        ):
            message = (
                f"no column matches {row.value_column!r}: the file has no"
                f" {row.measurement or 'values of it'}"
            )
            cure = (
                "If the column has another name now, write both (old|new) into value_column of"
                " datasource_mappings.csv; if not, list it in optional_columns"
            )
            findings.append(Finding("value_columns", "warning", message, where=where, cure=cure))
    severity: Literal["error", "warning"] = (
        "error" if declared.datasource.on_new_column == "refuse" else "warning"
    )
    if new:
        verb = "is" if len(new) == 1 else "are"
        cure = "Add it to datasources_config.csv and sensor_mappings.csv"
        findings.append(
            Finding(
                "new_columns",
                severity,
                f"{_first([repr(name) for name in new])} {verb} not declared",
                where=where,
                cure=cure,
            )
        )
    return findings


def _first(names: Sequence[str], separator: str = ", ") -> str:
    """The first names, and how many more there are."""
    more = len(names) - SHOWN_NAMES
    return separator.join(names[:SHOWN_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _newest_records(
    packed: PackedFiles, read: Values, instants: wall_clock.Instants, rejected: RejectedLines
) -> tuple[Values, wall_clock.Instants, list[Finding]]:
    """The records without those of which a later file has the same time: it counts whole, also
    where it lacks a value.
    """
    newest = packed.is_newest(instants, read.series, read.numbers)
    if newest.all():
        return read, instants, []
    old = read.numbers[~newest]
    for number in old:
        rejected.add(int(number), "superseded", "a later file has the same time")
    verb = "record has" if len(old) == 1 else "records have"
    finding = Finding(
        "superseded_records",
        "warning",
        f"{len(old):,} {verb} the time of a later file",
        where=f"line {old[0]}",
        cure=CURES["superseded"],
    )
    return read.only(newest), instants[newest], [finding]


def _repeated_times(read: Values, instants: wall_clock.Instants) -> list[Finding]:
    """Lines that have the time, device and (in narrow files) measurement of an earlier line."""
    if np.all(instants[1:] > instants[:-1]):
        return []
    keys = [instants]
    for names in (read.device, read.measurement):
        codes = pc.fill_null(names.dictionary_encode().indices, -1)
        keys.append(codes.to_numpy(zero_copy_only=False))
    order = np.lexsort(keys)
    is_same = np.logical_and.reduce([key[order][1:] == key[order][:-1] for key in keys])
    repeated = np.sort(order[1:][is_same])
    if not len(repeated):
        return []
    verb = "line has" if len(repeated) == 1 else "lines have"
    return [
        Finding(
            "duplicate_timestamps",
            "warning",
            f"{len(repeated):,} {verb} the time of an earlier line of the same device",
            where=f"line {read.numbers[repeated[0]]}",
            cure="Equal values count once; of different ones the later line counts",
        )
    ]


def _unreadable_cells(
    read: Values, rejected: RejectedLines, device: str, declared: Declared
) -> list[Finding]:
    """Text in columns that are measurements: only there a number was expected, and only that is
    kept in quarantine.
    """
    findings = []
    for name, cells in read.cells.items():
        if not declared.is_measured(name, device):
            continue
        count = len(cells.unreadable) - cells.unreadable.null_count
        if not count:
            continue
        at = pc.index(pc.is_valid(cells.unreadable), True).as_py()
        findings.append(
            Finding(
                "text_for_number",
                "warning",
                f"{count:,} {'value is not a number' if count == 1 else 'values are not numbers'},"
                f" the first is {rejected.quote(cells.unreadable[at].as_py())}",
                where=f"line {read.numbers[at]}, column {name!r}",
                cure="They are kept in quarantine with their lines; the rest is used",
            )
        )
    return findings[:SHOWN_NAMES]


def _unknown_sensors(read: Values, device: str, declared: Declared) -> list[Finding]:
    """Warn of raw names that no row of sensor_mappings.csv explains, named as in stg_cells.sql."""
    devices = (
        pc.unique(read.device).to_pylist()
        if declared.device_columns
        else [device]
        if device
        else []
    )
    if declared.measurement_column:
        owners = read.device if declared.device_columns else pa.array([device] * len(read.numbers))
        names = pc.unique(pc.binary_join_element_wise(owners, read.measurement, "/")).to_pylist()
    else:
        names = devices or list(read.cells)
    if not (unknown := [name for name in names if name not in declared.raw_names]):
        return []
    kind = "column" if not devices and not declared.measurement_column else "name"
    has = (
        f"{kind} {unknown[0]!r} has"
        if len(unknown) == 1
        else f"{kind}s {_first([repr(name) for name in unknown])} have"
    )
    return [
        Finding(
            f"unknown_{'column' if kind == 'column' else 'sensor'}",
            "warning",
            f"the {has} no row in sensor_mappings.csv: the cells are counted as unmapped",
            cure="Add a row that says what it is; the months are then built again",
        )
    ]


def _months(instants: wall_clock.Instants, timezone: str) -> tuple[str, ...]:
    """The building's months that hold a reading.

    Readings are cut to quarters of an hour: in no zone does a month begin between them.
    """
    quarters = np.unique(instants.astype("datetime64[m]").astype(np.int64) // 15) * 15
    return tuple(
        sorted(
            {
                month_of(datetime.fromtimestamp(int(minute) * 60, UTC), timezone)
                for minute in _ends_of_days(quarters)
            }
        )
    )


def _ends_of_days(minutes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Of sorted minutes, the first and last of each UTC day: at most one month begins within a day,
    in any zone.
    """
    days = minutes // 1440
    edges = np.flatnonzero(np.diff(days))
    ends = np.concatenate([[0], edges, edges + 1, [len(minutes) - 1]]).astype(np.int64)
    return minutes[np.unique(ends)]


def _instant(moment: np.datetime64) -> datetime:
    found: datetime = moment.astype("datetime64[s]").item()
    return found.replace(tzinfo=UTC)
