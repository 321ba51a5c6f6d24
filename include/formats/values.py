"""From the lines of a file to dated numbers: when, of what, and how much each line says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.formats import wall_clock
from include.formats.date_order import Proof
from include.formats.declared import Circumstances, Declared, described_by
from include.formats.dialect import Cells, read_columns, trimmed
from include.formats.packed import PackedFiles
from include.formats.port import Records
from include.formats.rejected import RejectedLines
from include.formats.timestamps import read_stamps
from include.ledger.ledger import Finding

# A device's clock may run ahead of ours, and exports name the hour that has begun.
CLOCK_TOLERANCE = timedelta(hours=2)
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NameParts:
    """What a file's name says: its device and its time of export, where file_pattern has groups for
    them; of a pack, what the names of its files say.
    """

    device: str
    exported: datetime | None
    packed: PackedFiles | None = None


@dataclass(frozen=True)
class Values:
    """The accepted lines of a file: each array has one element per line, in the order of the
    file. `instants` are known where a line says them itself, and NaT elsewhere.
    """

    numbers: Numbers
    walls: wall_clock.Instants
    instants: wall_clock.Instants
    device: pa.Array
    measurement: pa.Array
    cells: dict[str, Cells]
    proof: Proof
    judge_again: datetime | None
    findings: tuple[Finding, ...]
    packed: PackedFiles | None = None

    def only(self, keep: Mask) -> "Values":
        """Those of the lines for which `keep` is true."""
        mask = pa.array(keep)
        return replace(
            self,
            numbers=self.numbers[keep],
            walls=self.walls[keep],
            instants=self.instants[keep],
            device=self.device.filter(mask),
            measurement=self.measurement.filter(mask),
            cells={name: cells.only(mask) for name, cells in self.cells.items()},
        )

    def utc(self, timezone: str) -> tuple[wall_clock.Instants, list[Finding]]:
        """The instants of the lines, and what was found where a wall clock is ambiguous."""
        unknown = np.isnat(self.instants)
        if not unknown.any():
            return self.instants, list(self.findings)
        found, findings = self._by_wall_clock(unknown, timezone)
        instants = self.instants.copy()
        instants[unknown] = found
        return instants, [*self.findings, *findings]

    def _by_wall_clock(
        self, where: Mask, timezone: str
    ) -> tuple[wall_clock.Instants, list[Finding]]:
        numbers, series = self.numbers[where], self.series[where]
        modified = self.packed.modified[numbers - 1] if self.packed else None
        return wall_clock.to_utc(self.walls[where], series, numbers, timezone, modified)

    @property
    def series(self) -> Numbers:
        """A number for the device and measurement of each line."""
        device, measurement = (keys.dictionary_encode() for keys in (self.device, self.measurement))
        codes = [
            pc.fill_null(keys.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
            for keys in (device, measurement)
        ]
        found: Numbers = codes[0] * (len(measurement.dictionary) + 1) + codes[1]
        return found


def read_values(
    lines: Records,
    names: Sequence[str],
    declared: Declared,
    now: Circumstances,
    name: NameParts,
    rejected: RejectedLines,
) -> Values:
    """Date the lines and read their cells; what cannot be dated or is written in another dialect is
    added to `rejected`.

    Raises Refused if nothing proves the date format.
    """
    columns = dict(zip(names, lines.columns, strict=True))
    by_name = _date_by_name(lines, columns, declared, name.packed, rejected)
    stamps = read_stamps(lines, columns, declared, now, name.device, name.exported, rejected)
    keep, judge_again = stamps.keep, None
    if "future_dates" not in now.skipped:
        keep, judge_again = _without_future(
            lines, stamps.walls, keep, declared, rejected, now.as_of
        )
    keys = set(declared.key_columns)
    measured = [column for column in columns if column not in keys]
    cells = read_columns({column: columns[column] for column in measured}, declared.format)
    keep &= ~_foreign(lines, cells, keep, declared, rejected)
    findings = stamps.contradictions(keep, lines.numbers, declared.datasource.timezone)
    findings += by_name
    walls, instants = stamps.walls[keep], stamps.instants[keep]
    if not keep.all():
        lines = lines.only(keep)
        columns = dict(zip(names, lines.columns, strict=True))
        mask = pa.array(keep)
        cells = {column: read.only(mask) for column, read in cells.items()}
    nothing = pa.nulls(len(walls), pa.string())
    devices = [trimmed(columns[column]) for column in declared.device_columns]
    device = pc.binary_join_element_wise(*devices, "/") if devices else nothing
    measurement = (
        trimmed(columns[declared.measurement_column]) if declared.measurement_column else nothing
    )
    return Values(
        lines.numbers,
        walls,
        instants,
        device,
        measurement,
        cells,
        stamps.proof,
        judge_again,
        tuple(findings),
        name.packed,
    )


def _date_by_name(
    lines: Records,
    columns: dict[str, pa.Array],
    declared: Declared,
    packed: PackedFiles | None,
    rejected: RejectedLines,
) -> list[Finding]:
    """Replace timestamps that cannot be, or are too far from the time in the file's name."""
    minutes = declared.format.name_tolerance_minutes
    if packed is None or minutes is None:
        return []
    (column,), (date_format,) = declared.timestamp_columns, declared.format.date_formats
    texts = columns[column]
    zone, tolerance = declared.datasource.timezone, timedelta(minutes=minutes)
    columns[column], replaced = packed.dated(texts, lines.numbers, date_format, zone, tolerance)
    if not replaced.any():
        return []
    count, first = int(replaced.sum()), int(np.flatnonzero(replaced)[0])
    message = (
        f"{count:,} {'record is' if count == 1 else 'records are'} of the time in the file's name:"
        f" their own cannot be read, or is more than {minutes:g} minutes from it, the first is"
        f" {rejected.quote(texts[first].as_py())}"
    )
    cure = "Set the device's clock"
    where = f"line {lines.numbers[first]}"
    return [Finding("dated_by_name", "warning", message, where=where, cure=cure)]


def _foreign(
    lines: Records, cells: dict[str, Cells], keep: Mask, declared: Declared, rejected: RejectedLines
) -> Mask:
    """The lines that hold a number of another dialect. What nobody asks for may be anything, such
    as the version 1.4.2.
    """
    found = np.zeros(len(keep), bool)
    for column, read in cells.items():
        if not described_by(column, declared.mappings):
            continue
        foreign = read.foreign.to_numpy(zero_copy_only=False)
        for at in np.flatnonzero(foreign & keep):
            number, text = int(lines.numbers[at]), rejected.quote(read.unreadable[int(at)].as_py())
            message = (
                f"{text} is not a number with decimal mark {declared.format.decimal_mark!r} and"
                f" {_thousands(declared.format.thousands_mark)}"
            )
            rejected.add(number, "decimal_mark", message, where=f"line {number}, column {column!r}")
        found |= foreign
    return found


def _thousands(mark: str) -> str:
    return f"thousands mark {mark!r}" if mark else "without thousands separators"


def _without_future(
    lines: Records,
    walls: wall_clock.Instants,
    keep: Mask,
    declared: Declared,
    rejected: RejectedLines,
    as_of: datetime,
) -> tuple[Mask, datetime | None]:
    """Reject what is later than now; also the time from which the file is judged again, since then
    some of it is not.
    """
    zone = declared.datasource.timezone
    hours = declared.datasource.horizon_hours
    horizon = timedelta(hours=hours) if hours else CLOCK_TOLERANCE
    latest = np.datetime64(wall_clock.wall_time(as_of + horizon, zone), "us")
    future = keep & (walls > latest)
    if not future.any():
        return keep, None
    for at in np.flatnonzero(future):
        rejected.add(
            int(lines.numbers[at]),
            "future_dates",
            f"a reading of {walls[at].item():%Y-%m-%d %H:%M}, and it is {as_of:%Y-%m-%d %H:%M} UTC",
        )
    next_due = walls[future].min().item().replace(tzinfo=UTC) - timedelta(
        days=1
    )  # a day early: whatever the zone is
    return keep & ~future, max(next_due, as_of + timedelta(hours=1))
