"""From the lines of a file to dated numbers: when, of what, and how much each line says."""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.formats import wall_clock
from include.formats.date_order import DateText, Proof, Unproven, parse_date, prove_date_format
from include.formats.declared import Circumstances, Declared
from include.formats.dialect import Cells, read_cells, trimmed
from include.formats.port import Records
from include.formats.rejected import Reason, Refused, RejectedLines
from include.ledger.ledger import Finding

TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(:([0-5]\d))?", re.ASCII)
# A device's clock may run ahead of ours, and exports name the hour that has begun.
CLOCK_TOLERANCE = timedelta(hours=2)
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NameParts:
    """What a file's name says: its device and its time of export, where file_pattern has groups for
    them.
    """

    device: str
    exported: datetime | None


@dataclass(frozen=True)
class Values:
    """The accepted lines of a file: each array has one element per line, in the order of the
    file.
    """

    numbers: Numbers
    walls: wall_clock.Instants
    device: pa.Array
    measurement: pa.Array
    cells: dict[str, Cells]
    proof: Proof
    judge_again: datetime | None

    def utc(self, timezone: str) -> tuple[wall_clock.Instants, list[Finding]]:
        """The instants of the lines, and what was found where a wall clock is ambiguous."""
        device, measurement = (keys.dictionary_encode() for keys in (self.device, self.measurement))
        codes = [
            pc.fill_null(keys.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
            for keys in (device, measurement)
        ]
        return wall_clock.to_utc(
            self.walls,
            codes[0] * (len(measurement.dictionary) + 1) + codes[1],
            self.numbers,
            timezone,
        )


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
    walls, keep, proof = _walls(lines, columns, declared, now, name, rejected)
    judge_again = None
    if "future_dates" not in now.skipped:
        keep, judge_again = _without_future(lines, walls, keep, declared, rejected, now.as_of)
    cells = {
        column: read_cells(texts, declared.format)
        for column, texts in columns.items()
        if column not in declared.key_columns
    }
    keep &= ~_foreign(lines, cells, keep, declared, rejected)
    if not keep.all():
        lines, walls = lines.only(keep), walls[keep]
        columns = dict(zip(names, lines.columns, strict=True))
        cells = {column: read_cells(columns[column], declared.format) for column in cells}
    nothing = pa.nulls(len(walls), pa.string())
    device = trimmed(columns[declared.device_column]) if declared.device_column else nothing
    measurement = (
        trimmed(columns[declared.measurement_column]) if declared.measurement_column else nothing
    )
    return Values(lines.numbers, walls, device, measurement, cells, proof, judge_again)


def _foreign(
    lines: Records, cells: dict[str, Cells], keep: Mask, declared: Declared, rejected: RejectedLines
) -> Mask:
    """The lines that hold a number of another dialect."""
    found = np.zeros(len(keep), bool)
    for column, read in cells.items():
        foreign = read.foreign.to_numpy(zero_copy_only=False)
        for at in np.flatnonzero(foreign & keep):
            number, text = int(lines.numbers[at]), rejected.quote(read.unreadable[int(at)].as_py())
            message = (
                f"{text} is not a number with decimal mark {declared.format.decimal_mark!r} and"
                " without thousands separators"
            )
            rejected.add(number, "decimal_mark", message, where=f"line {number}, column {column!r}")
        found |= foreign
    return found


def _walls(
    lines: Records,
    columns: dict[str, pa.Array],
    declared: Declared,
    now: Circumstances,
    name: NameParts,
    rejected: RejectedLines,
) -> tuple[wall_clock.Instants, Mask, Proof]:
    """Each line's wall clock, which lines have one, and what proved the date format."""
    dates, times = (
        part.dictionary_encode()
        for part in _dates_and_times([columns[column] for column in declared.timestamp_columns])
    )
    texts, clocks = dates.dictionary.to_pylist(), times.dictionary.to_pylist()
    date_of, clock_of = dates.indices.to_numpy(), times.indices.to_numpy()
    seconds = np.array([_clock(text) for text in clocks], np.int64)
    formats, earliest = declared.format.date_formats, declared.datasource.earliest or date.min
    parsed = {format_: [parse_date(text, format_) for text in texts] for format_ in formats}
    latest_meanings = [
        max((day for day in days if day), default=None)
        for days in zip(*parsed.values(), strict=True)
    ]

    is_date = np.array([day is not None for day in latest_meanings], bool)[date_of]
    is_plausible = np.array([day is not None and day >= earliest for day in latest_meanings], bool)[
        date_of
    ]
    is_clock = seconds[clock_of] >= 0
    keep = is_date & is_plausible & is_clock

    def reject(where: Mask, reason: Reason, message: Callable[[int], str]) -> None:
        for at in np.flatnonzero(where):
            rejected.add(int(lines.numbers[at]), reason, message(int(at)))

    def too_early(at: int) -> str:
        return f"{texts[date_of[at]]} is before {earliest}, the earliest date of this datasource"

    is_header = np.array([text == declared.timestamp_columns[0] for text in texts], bool)[date_of]
    reject(
        ~is_date & is_header, "header_repeated", lambda _: "the header is repeated among the data"
    )
    reject(
        ~is_date & ~is_header,
        "timestamp",
        lambda at: (
            f"no date in the declared formats ({', '.join(formats)}):"
            f" {rejected.quote(texts[date_of[at]])}"
        ),
    )
    reject(is_date & ~is_plausible, "implausible_date", too_early)
    reject(
        is_date & is_plausible & ~is_clock,
        "timestamp",
        lambda at: f"no time of day: {rejected.quote(clocks[clock_of[at]])}",
    )
    walls = np.zeros(len(lines.numbers), "datetime64[s]")
    if not keep.any():
        return walls, keep, Proof(formats[0], "not needed")
    proof = _prove(
        lines, texts, date_of, seconds[np.where(is_clock, clock_of, 0)], keep, declared, now, name
    )
    days = np.array([day or date(1970, 1, 1) for day in parsed[proof.format]], "datetime64[s]")
    walls[keep] = days[date_of[keep]] + seconds[clock_of[keep]]
    is_early = keep & (
        days[date_of] < np.datetime64(earliest, "s")
    )  # the date is plausible in another format only
    reject(is_early, "implausible_date", too_early)
    return walls, keep & ~is_early, proof


def _dates_and_times(columns: Sequence[pa.Array]) -> tuple[pa.Array, pa.Array]:
    """Date and time of each line as texts; both are in one column, or in a column each."""
    if len(columns) == 2:
        return trimmed(columns[0]), trimmed(columns[1])
    stamps = trimmed(columns[0])
    return pc.replace_substring_regex(stamps, r"[ T].*$", ""), trimmed(
        pc.replace_substring_regex(stamps, r"^[^ T]*[ T]?", "")
    )


def _prove(
    lines: Records,
    texts: list[str],
    date_of: Numbers,
    seconds: Numbers,
    keep: Mask,
    declared: Declared,
    now: Circumstances,
    name: NameParts,
) -> Proof:
    """What proves the date format of the lines that are kept; `seconds` since midnight of each
    line.
    """
    first, last = np.full(len(texts), 86400), np.full(len(texts), -1)
    np.minimum.at(first, date_of[keep], seconds[keep])
    np.maximum.at(last, date_of[keep], seconds[keep])
    used = [
        DateText(texts[index], int(first[index]), int(last[index]))
        for index in np.flatnonzero(last >= 0)
    ]
    minutes = declared.datasource.interval_minutes
    interval = timedelta(minutes=minutes) if minutes else None
    try:
        return prove_date_format(
            used,
            declared.format.date_formats,
            name.exported,
            now.others.get(name.device, ()),
            interval,
        )
    except Unproven as problem:
        where = (
            ""
            if problem.witness is None
            else f"line {lines.numbers[np.flatnonzero(date_of == texts.index(problem.witness))[0]]}"
        )
        raise Refused("date_order", problem.message, where=where, cure=problem.cure) from None


@functools.lru_cache(1 << 17)  # files repeat each other's times of day
def _clock(text: str) -> int:
    """Seconds since midnight; -1 if the text is not a time of day."""
    match = TIME.fullmatch(text)
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[4] or 0) if match else -1


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
    latest = np.datetime64(wall_clock.wall_time(as_of + CLOCK_TOLERANCE, zone), "s")
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
