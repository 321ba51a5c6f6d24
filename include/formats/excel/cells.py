"""Cells of a workbook as texts."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pyarrow as pa

Cell = int | float | str | bool | time | date | datetime | timedelta
EXACT = 1 << 53  # up to here a double holds every integer
# A time is a fraction of a day: what is beyond milliseconds is rounding.
HALF_MILLISECOND = timedelta(microseconds=500)


def column_of(cells: Sequence[Cell], mark: str) -> pa.Array:
    """The texts of some cells of a column."""
    return pa.array([text_of(cell, mark) for cell in cells], pa.string())


def text_of(cell: Cell, mark: str) -> str:
    """A cell as text; numbers have the decimal mark `mark`."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        is_whole = abs(cell) < EXACT and cell == int(cell)
        return (str(int(cell)) if is_whole else repr(cell)).replace(".", mark)
    if isinstance(cell, datetime):
        return _moment(cell)
    if isinstance(cell, date):  # a date and time at midnight
        return f"{cell} 00:00:00"
    if isinstance(cell, time):
        return _moment(datetime.combine(date(2000, 1, 1), cell)).partition(" ")[2]
    return _duration(cell)


def _moment(cell: datetime) -> str:
    at = cell + HALF_MILLISECOND
    text = f"{at:%Y-%m-%d %H:%M:%S}"
    milliseconds = at.microsecond // 1_000
    return f"{text}.{milliseconds:03d}" if milliseconds else text


def _duration(cell: timedelta) -> str:
    """Hours may be more than 24."""
    seconds = round(cell.total_seconds())
    hours, rest = divmod(abs(seconds), 3600)
    return f"{'-' if seconds < 0 else ''}{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
