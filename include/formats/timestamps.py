"""When each line was written: the texts of its timestamp become a wall clock, or an instant where
they say so themselves.

Read are a date in one of the declared formats with a time of day (`14:05`, `14:05:30.250`,
`2:05 PM`), in one column or two, and seconds, milliseconds or microseconds since 1970. A time with
an offset (`Z`, `+01:00`) is an instant, whatever the zone of the datasource is; so is an epoch. How
a file is written is proven from the file: see date_order.py for dates.
"""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.formats import wall_clock
from include.formats.date_order import DateText, Proof, Unproven, parse_date, prove_date_format
from include.formats.declared import Circumstances, Declared
from include.formats.dialect import trimmed
from include.formats.port import Records
from include.formats.rejected import Reason, Refused, RejectedLines
from include.ledger.ledger import Finding
from include.registry.cells import EPOCHS

TIME = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(:(?P<second>[0-5]\d)([.,](?P<fraction>\d{1,9}))?)?"
    r"(\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"(\s*(?P<zone>[Zz]|UTC|GMT|[+-]\d\d(:?\d\d)?))?",
    re.ASCII,
)
STAMP = r"^(?P<date>.*?)[ T]+(?P<time>\d{1,2}:\d{2}.*)$"
EPOCH = r"^(?P<whole>\d{1,17})(?:\.(?P<part>\d{1,9}))?$"
MICROSECONDS = "datetime64[us]"
FIRST, LAST = np.datetime64("1971-01-01", "us"), np.datetime64("2200-01-01", "us")
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


class Clock(NamedTuple):
    """A time of day in microseconds, how many seconds its zone is ahead of UTC, if it says so, and
    whether it says AM or PM.
    """

    microseconds: int
    offset: int | None
    is_halved: bool


@dataclass(frozen=True)
class Stamps:
    """When the lines were written: arrays with one element per line.

    Attributes:
        walls: what a wall clock in the datasource's zone showed.
        instants: UTC of the lines that say it themselves, NaT of the others.
        keep: whether the line has a timestamp at all.
        proof: the date format, and what proved it.
        contradicts: whether the line names an offset that its datasource's zone has not then.
    """

    walls: wall_clock.Instants
    instants: wall_clock.Instants
    keep: Mask
    proof: Proof
    contradicts: Mask

    def contradictions(self, kept: Mask, numbers: Numbers, timezone: str) -> list[Finding]:
        """A finding on the kept lines whose offset is another one than the zone has then."""
        found = np.flatnonzero(self.contradicts & kept)
        if not len(found):
            return []
        one = found[0]
        wrote = "line names" if len(found) == 1 else "lines name"
        message = (
            f"{len(found):,} {wrote} an offset that {timezone} does not have at that time, the"
            f" first for {self.instants[one].item():%Y-%m-%d %H:%M} UTC: the offset was used"
        )
        cure = "Correct timezone in datasources_config.csv if the device is in another zone"
        return [
            Finding("offset_differs", "warning", message, where=f"line {numbers[one]}", cure=cure)
        ]


def read_stamps(
    lines: Records,
    columns: dict[str, pa.Array],
    declared: Declared,
    now: Circumstances,
    device: str,
    exported: datetime | None,
    rejected: RejectedLines,
) -> Stamps:
    """Read the timestamp of each line; lines without one are added to `rejected`.

    Args:
        lines: the lines of the file.
        columns: their texts by the name of the column.
        declared: names the columns of the timestamp, its formats and its zone.
        now: what other files of the device have proven.
        device: the one that the file's name names.
        exported: the time of export in the file's name, if it holds one.
        rejected: takes the lines that cannot be dated.

    Raises:
        Refused: nothing proves the date format, or the epoch is in another unit.
    """
    parts = [trimmed(columns[column]) for column in declared.timestamp_columns]
    if declared.format.date_formats[0] in EPOCHS:
        return _epochs(lines, parts[0], declared, now, rejected)
    if declared.is_midnight:
        parts.append(pa.repeat("00:00", len(lines.numbers)))
    return _Reader(lines, parts, declared, now, device, exported, rejected).read()


def read_walls(texts: pa.Array, date_format: str, zone: str) -> wall_clock.Instants:
    """The wall clock in a zone that each text says, NaT where it says none."""
    dates, times = (part.dictionary_encode() for part in split_stamps(texts))
    days = [parse_date(text, date_format) for text in dates.dictionary.to_pylist()]
    clocks = [_clock(text) for text in times.dictionary.to_pylist()]
    midnights = pa.array(days, pa.date32()).cast(pa.timestamp("us")).take(dates.indices)
    since = pa.array([clock and clock.microseconds for clock in clocks], pa.duration("us"))
    found = pc.add(midnights, since.take(times.indices))
    walls: wall_clock.Instants = found.to_numpy(zero_copy_only=False).astype(MICROSECONDS)
    ahead = pa.array([clock and clock.offset for clock in clocks], pa.int64()).take(times.indices)
    has_offset = ahead.is_valid().to_numpy(zero_copy_only=False) & ~np.isnat(walls)
    if has_offset.any():
        offsets = pc.fill_null(ahead, 0).to_numpy()[has_offset]
        walls[has_offset] = local_walls(walls[has_offset] - offsets * wall_clock.SECOND, zone)
    return walls


def local_walls(instants: wall_clock.Instants, timezone: str) -> wall_clock.Instants:
    """What wall clocks in a zone show at these instants."""
    walls = pc.local_timestamp(
        pa.array(instants.astype(MICROSECONDS), pa.timestamp("us", timezone))
    )
    found: wall_clock.Instants = walls.to_numpy(zero_copy_only=False).astype(MICROSECONDS)
    return found


def _epochs(
    lines: Records,
    texts: pa.Array,
    declared: Declared,
    now: Circumstances,
    rejected: RejectedLines,
) -> Stamps:
    """Timestamps that count from 1970-01-01 00:00 UTC."""
    unit = declared.format.date_formats[0]
    found = pc.extract_regex(texts, EPOCH)
    is_number = found.is_valid().to_numpy(zero_copy_only=False)
    whole = pc.cast(pc.struct_field(found, "whole"), pa.int64())
    digits = len(str(EPOCHS[unit])) - 1  # of a fraction, down to a microsecond
    part = pc.utf8_rpad(pc.struct_field(found, "part"), 9, "0")
    beyond = pc.utf8_replace_slice(part, 0, digits, "")
    is_number &= pc.fill_null(pc.match_substring_regex(beyond, "^0*$"), False).to_numpy(
        zero_copy_only=False
    )
    kept = pc.binary_join_element_wise("0", pc.utf8_replace_slice(part, digits, 9, ""), "")
    fraction = pc.cast(kept, pa.int64())
    # numbers, not instants: one in a wrong unit may be beyond what an instant can be
    counted = pc.fill_null(whole, 0).to_numpy().astype(np.float64) * EPOCHS[unit]
    limit = float(LAST.astype(np.int64))
    is_instant = is_number & (counted >= float(FIRST.astype(np.int64))) & (counted < limit)
    keep = pa.array(is_instant)
    exact = pc.add(pc.multiply(whole.filter(keep), EPOCHS[unit]), fraction.filter(keep))
    instants = np.full(len(texts), np.datetime64("NaT"), MICROSECONDS)
    instants[is_instant] = exact.to_numpy().astype(MICROSECONDS)
    _check_unit(lines, counted, is_number, declared, now)
    for at in np.flatnonzero(~is_instant):
        text = rejected.quote(texts[int(at)].as_py() or "")
        rejected.add(int(lines.numbers[at]), "timestamp", f"no time in {unit}: {text}")
    walls = np.zeros(len(texts), MICROSECONDS)
    if is_instant.any():
        walls[is_instant] = local_walls(instants[is_instant], declared.datasource.timezone)
    is_kept = is_instant & ~_too_early(lines, walls, is_instant, declared, rejected)
    return Stamps(walls, instants, is_kept, Proof(unit, "not needed"), np.zeros(len(texts), bool))


def _check_unit(
    lines: Records,
    counted: npt.NDArray[np.float64],
    is_number: Mask,
    declared: Declared,
    now: Circumstances,
) -> None:
    """Refuse a file whose every number is a time of device history in another unit only."""
    unit, earliest = (
        declared.format.date_formats[0],
        declared.datasource.earliest or date(2000, 1, 1),
    )
    oldest = (earliest - date(1970, 1, 1)).total_seconds() * 1e6
    newest = (now.as_of + timedelta(days=366)).timestamp() * 1e6

    def fits(factor: float) -> bool:
        values = counted[is_number] * factor
        return bool(((values >= oldest) & (values <= newest)).all())

    if not is_number.any() or fits(1):
        return
    for other, size in EPOCHS.items():
        if other != unit and fits(size / EPOCHS[unit]):
            at = int(np.flatnonzero(is_number)[0])
            value = int(counted[at] / EPOCHS[unit])
            meant = datetime.fromtimestamp(value * size / 1e6, now.as_of.tzinfo)
            raise Refused(
                "epoch_unit",
                f"the times count in another unit: {value} is {meant:%Y-%m-%d} in {other}, and no"
                f" time of this datasource in {unit}",
                where=f"line {lines.numbers[at]}",
                cure=f"Write {other} into date_formats of file_formats.csv",
            )


def _too_early(
    lines: Records,
    walls: wall_clock.Instants,
    where: Mask,
    declared: Declared,
    rejected: RejectedLines,
) -> Mask:
    """The lines before the earliest date of the datasource, which are rejected."""
    earliest = declared.datasource.earliest or date.min
    found = where & (walls < np.datetime64(max(earliest, date(1, 1, 2)), "us"))
    for at in np.flatnonzero(found):
        message = (
            f"{walls[at].item():%Y-%m-%d} is before {earliest}, the earliest date of this"
            " datasource"
        )
        rejected.add(int(lines.numbers[at]), "implausible_date", message)
    return found


class _Reader:
    """Timestamps that are a date and a time of day."""

    def __init__(
        self,
        lines: Records,
        parts: Sequence[pa.Array],
        declared: Declared,
        now: Circumstances,
        device: str,
        exported: datetime | None,
        rejected: RejectedLines,
    ) -> None:
        self.lines, self.declared, self.now = lines, declared, now
        self.device, self.exported, self.rejected = device, exported, rejected
        dates, times = (part.dictionary_encode() for part in _dates_and_times(parts))
        self.texts: list[str] = dates.dictionary.to_pylist()
        self.date_of: Numbers = dates.indices.to_numpy()
        self.clock_texts: list[str] = times.dictionary.to_pylist()
        self.clock_of: Numbers = times.indices.to_numpy()
        clocks = [_clock(text) for text in self.clock_texts]
        self.microseconds = np.array([c.microseconds if c else -1 for c in clocks], np.int64)
        self.has_offset = np.array([bool(c and c.offset is not None) for c in clocks], bool)
        self.offsets = np.array([(c.offset or 0) if c else 0 for c in clocks], np.int64)
        self.is_halved = np.array([bool(c and c.is_halved) for c in clocks], bool)

    def read(self) -> Stamps:
        formats = self.declared.format.date_formats
        parsed = {name: [parse_date(text, name) for text in self.texts] for name in formats}
        keep = self._with_date_and_time(parsed)
        walls = np.zeros(len(self.lines.numbers), MICROSECONDS)
        instants = np.full(len(walls), np.datetime64("NaT"), MICROSECONDS)
        contradicts = np.zeros(len(walls), bool)
        if not keep.any():
            return Stamps(walls, instants, keep, Proof(formats[0], "not needed"), contradicts)
        proof = self._prove(keep)
        days = np.array([day or date(1970, 1, 1) for day in parsed[proof.format]], MICROSECONDS)
        walls[keep] = days[self.date_of[keep]] + self.microseconds[self.clock_of[keep]]
        # the date may be plausible in another format only
        keep &= ~_too_early(self.lines, walls, keep, self.declared, self.rejected)
        known = keep & self.has_offset[self.clock_of]
        if known.any():
            written = walls[known]
            instants[known] = written - self.offsets[self.clock_of[known]] * wall_clock.SECOND
            walls[known] = local_walls(instants[known], self.declared.datasource.timezone)
            is_utc = self.offsets[self.clock_of[known]] == 0
            contradicts[known] = ~is_utc & (walls[known] != written)
        return Stamps(walls, instants, keep, proof, contradicts)

    def _with_date_and_time(self, parsed: dict[str, list[date | None]]) -> Mask:
        """The lines that have a plausible date in some format, and a time of day; the others are
        rejected.
        """
        earliest = self.declared.datasource.earliest or date.min
        latest = [
            max(filter(None, days), default=None) for days in zip(*parsed.values(), strict=True)
        ]
        is_date = np.array([day is not None for day in latest], bool)[self.date_of]
        is_late = np.array([day is not None and day >= earliest for day in latest], bool)
        is_plausible = is_late[self.date_of]
        is_time = self.microseconds[self.clock_of] >= 0
        is_clock = is_time & ~self._of_the_other_clock(is_date & is_time)
        first = self.declared.timestamp_columns[0]
        is_header = np.array([text == first for text in self.texts], bool)[self.date_of]
        self._reject(
            ~is_date & is_header,
            "header_repeated",
            lambda _: "the header is repeated among the data",
        )
        self._reject(~is_date & ~is_header, "timestamp", self._no_date)
        self._reject(
            is_date & ~is_plausible,
            "implausible_date",
            lambda at: (
                f"{self.texts[self.date_of[at]]} is before {earliest}, the earliest date of this"
                " datasource"
            ),
        )
        self._reject(
            is_date & is_plausible & ~is_clock,
            "timestamp",
            self._no_time,
        )
        keep: Mask = is_date & is_plausible & is_clock
        return keep

    def _of_the_other_clock(self, where: Mask) -> Mask:
        """The lines with AM or PM in a file without, or without it in a file that has it: `3:15`
        would be two times.
        """
        is_halved = self.is_halved[self.clock_of]
        is_usual = np.count_nonzero(is_halved & where) * 2 > np.count_nonzero(where)
        found: Mask = where & (is_halved != is_usual)
        return found

    def _no_time(self, at: int) -> str:
        text = self.rejected.quote(self.clock_texts[self.clock_of[at]])
        if self.microseconds[self.clock_of[at]] < 0:
            return f"no time of day: {text}"
        is_with = self.is_halved[self.clock_of[at]]
        return f"{text} {'has AM or PM' if is_with else 'has no AM or PM'}, unlike most lines"

    def _no_date(self, at: int) -> str:
        formats = ", ".join(self.declared.format.date_formats)
        text = self.rejected.quote(self.texts[self.date_of[at]])
        return f"no date in the declared formats ({formats}): {text}"

    def _reject(self, where: Mask, reason: Reason, message: Callable[[int], str]) -> None:
        for at in np.flatnonzero(where):
            self.rejected.add(int(self.lines.numbers[at]), reason, message(int(at)))

    def _prove(self, keep: Mask) -> Proof:
        """What proves the date format of the lines that are kept."""
        seconds = self.microseconds[self.clock_of] // 10**6
        first, last = np.full(len(self.texts), 86400), np.full(len(self.texts), -1)
        np.minimum.at(first, self.date_of[keep], seconds[keep])
        np.maximum.at(last, self.date_of[keep], seconds[keep])
        used = [
            DateText(self.texts[index], int(first[index]), int(last[index]))
            for index in np.flatnonzero(last >= 0)
        ]
        minutes = self.declared.datasource.interval_minutes
        try:
            return prove_date_format(
                used,
                self.declared.format.date_formats,
                self.exported,
                self.now.others.get(self.device, ()),
                timedelta(minutes=minutes) if minutes else None,
            )
        except Unproven as problem:
            where = ""
            if problem.witness is not None:
                at = np.flatnonzero(self.date_of == self.texts.index(problem.witness))[0]
                where = f"line {self.lines.numbers[at]}"
            raise Refused("date_order", problem.message, where=where, cure=problem.cure) from None


def _dates_and_times(columns: Sequence[pa.Array]) -> tuple[pa.Array, pa.Array]:
    """Date and time of each line as texts; both are in one column, or in a column each."""
    if len(columns) == 1:
        return split_stamps(columns[0])
    days = pc.replace_substring_regex(columns[0], " 00:00:00$", "")  # of a date in a workbook
    return days, columns[1]


def split_stamps(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Date and time of texts that hold both."""
    stamps = trimmed(texts)
    found = pc.extract_regex(stamps, STAMP)
    dates = pc.replace_substring_regex(stamps, r"[ T].*$", "")
    times = trimmed(pc.replace_substring_regex(stamps, r"^[^ T]*[ T]?", ""))
    return (
        pc.coalesce(pc.struct_field(found, "date"), dates),
        pc.coalesce(pc.struct_field(found, "time"), times),
    )


def is_time_of_day(text: str) -> bool:
    """Whether the text is a time of day."""
    return _clock(text) is not None


@functools.lru_cache(1 << 17)  # files repeat each other's times of day
def _clock(text: str) -> Clock | None:
    """The time of day that a text means; None if it means none."""
    match = TIME.fullmatch(text)
    if not match:
        return None
    hour, fraction = int(match["hour"]), (match["fraction"] or "").ljust(9, "0")
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"] in "pP" else 0)
    if hour > 23 or fraction[6:] != "000":
        return None
    seconds = hour * 3600 + int(match["minute"]) * 60 + int(match["second"] or 0)
    microseconds = seconds * 10**6 + int(fraction[:6])
    return Clock(microseconds, _offset(match["zone"]), bool(match["half"]))


def _offset(zone: str | None) -> int | None:
    """Seconds ahead of UTC."""
    if not zone:
        return None
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds
