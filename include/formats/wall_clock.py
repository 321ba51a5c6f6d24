"""Turns a device's wall clock into UTC, also where the clock is set. The only place that does.

In autumn an hour comes twice: within one series of a file, the second pass begins where time goes
back or, in files that have one reading an hour, where it is repeated. A series that begins inside
that hour counts as its first pass. Where each reading is a file, the time at which that was written
decides. In spring an hour does not exist: a reading in it is read as if
the clock had not been set.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from include.core.calendar import ClockChange, clock_changes, utc_offset
from include.ledger.ledger import Finding

SECOND = np.timedelta64(1, "s")
LATE = np.timedelta64(2, "h")
Instants = npt.NDArray[np.datetime64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Passes:
    """An hour that comes twice: the lines inside it, those of its second pass, and whether any
    series leaves that open.
    """

    inside: npt.NDArray[np.bool_]
    second: npt.NDArray[np.bool_]
    backs: int  # how often, at most, one series goes back in time
    is_open: bool


def to_utc(
    walls: Instants,
    series: Numbers,
    lines: Numbers,
    timezone: str,
    modified: Instants | None = None,
) -> tuple[Instants, list[Finding]]:
    """UTC of each line's wall clock, with findings on what the file leaves open.

    Args:
        walls: wall-clock times without zone, in whole seconds, in the order of lines.
        series: the number of the series that each line belongs to.
        lines: the line numbers, for findings.
        timezone: IANA name of the devices' zone.
        modified: when each line was written, in UTC, where lines are files of their own: of two
            passes it is in the nearer one.
    """
    if not len(walls):
        return walls, []
    first, last = walls.min().item(), walls.max().item()
    offsets = np.full(len(walls), utc_offset(first, timezone))
    findings: list[Finding] = []
    for change in clock_changes(timezone, first, last):
        offsets[walls >= np.datetime64(change.stop, "s")] = change.offset_after
        passes = separate_passes(walls, series, change)
        if not passes.inside.any():
            continue
        offsets[passes.inside] = change.offset_before
        if change.kind == "skipped":
            findings.append(_skipped(change, passes.inside, lines))
        elif modified is not None:
            middle = (change.offset_before + change.offset_after) // 2
            is_later = modified > walls - middle * SECOND
            offsets[passes.inside & is_later] = change.offset_after
            findings += _guessed(change, passes.inside, modified - (walls - middle * SECOND), lines)
        else:
            offsets[passes.second] = change.offset_after
            findings += _open(change, passes, lines)
    return walls - offsets * SECOND, findings


def separate_passes(walls: Instants, series: Numbers, change: ClockChange) -> Passes:
    """Find the lines of a repeated hour that belong to its second pass, each series by itself."""
    start, stop = np.datetime64(change.start, "s"), np.datetime64(change.stop, "s")
    order = np.argsort(series, kind="stable")  # the lines of a series stay in the order of the file
    wall, owner = walls[order], series[order]
    inside = (wall >= start) & (wall < stop)
    begins = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    follows = np.append(False, inside[1:] & inside[:-1] & (owner[1:] == owner[:-1]))
    step = np.append(0, np.diff(wall).astype(int))
    back, still = follows & (step < 0), follows & (step == 0)
    backs, stills = (
        np.add.reduceat(back.astype(int), begins),
        np.add.reduceat(still.astype(int), begins),
    )

    def of_each_line(by_series: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.repeat(by_series, np.diff(np.append(begins, len(owner))))

    def so_far(marks: npt.NDArray[np.bool_]) -> Numbers:
        counted: Numbers = np.cumsum(marks)
        before: Numbers = of_each_line(counted[begins] - marks[begins])
        return counted - before

    second = inside & ((so_far(back) > 0) | ((of_each_line(backs) == 0) & (so_far(still) > 0)))
    touched, goes_on = (
        np.logical_or.reduceat(inside, begins),
        np.logical_or.reduceat(wall >= stop, begins),
    )
    ends_in_first_pass = ~inside[begins] & ~goes_on
    is_decided = (backs == 1) | ((backs == 0) & ((stills > 0) | ends_in_first_pass))
    back_in_file_order = np.argsort(order)
    return Passes(
        inside[back_in_file_order],
        second[back_in_file_order],
        int(backs.max()),
        bool((touched & ~is_decided).any()),
    )


def _skipped(change: ClockChange, inside: npt.NDArray[np.bool_], lines: Numbers) -> Finding:
    count = int(inside.sum())
    return Finding(
        "clock_change",
        "warning",
        f"{count:,} {'line' if count == 1 else 'lines'} from {_hour(change)}, an hour that did not"
        " exist: read as if the clock had not been set forward",
        where=f"line {lines[inside][0]}",
        cure="Check whether the device sets its clock",
    )


def _open(change: ClockChange, passes: Passes, lines: Numbers) -> list[Finding]:
    if not passes.is_open:
        return []
    why = f"goes back {passes.backs} times" if passes.backs > 1 else "appears once"
    taken = (
        "all lines after the first of these were read as the second pass"
        if passes.backs > 1
        else "it was read as the first pass"
    )
    return [
        Finding(
            "clock_change",
            "warning",
            f"the hour from {_hour(change)} came twice and {why} in the file: {taken}",
            where=f"line {lines[passes.inside][0]}",
            cure="Export a range that begins before it, in the order of time",
        )
    ]


def _guessed(
    change: ClockChange, inside: npt.NDArray[np.bool_], apart: Any, lines: Numbers
) -> list[Finding]:
    """A finding on the lines that were written so late that their time says nothing."""
    late = inside & (np.abs(apart) > LATE)
    if not late.any():
        return []
    return [
        Finding(
            "clock_change",
            "warning",
            f"{int(late.sum()):,} files of the hour from {_hour(change)}, which came twice, were"
            " written hours after it: they were read as the second pass",
            where=f"line {lines[late][0]}",
            cure="Nothing, if the second pass has replaced the first; else keep the files' times",
        )
    ]


def _hour(change: ClockChange) -> str:
    return f"{change.start:%Y-%m-%d %H:%M} to {change.stop:%H:%M}"


def wall_time(instant: datetime, timezone: str) -> datetime:
    """What the wall clock shows at an instant."""
    return instant.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
