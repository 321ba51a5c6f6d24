"""What the names and times of a pack's files say of their records."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.formats.timestamps import read_walls
from include.formats.wall_clock import Instants
from include.ledger.pack import Pack
from include.registry.rows import Datasource

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PackedFiles:
    """The files of a pack; the record of row n is at n - 1.

    Attributes:
        order: which names come later than others.
        stamps: day and time in the name, as a text of a timestamp; null where it has none.
        modified: when the file was written, in UTC.
    """

    order: Numbers
    stamps: pa.Array
    modified: Instants

    @classmethod
    def of(cls, pack: Pack, datasource: Datasource) -> "PackedFiles":
        """Reads names and times alone."""
        members = pack.members()
        names = members["name"].to_pylist()
        place = {name: at for at, name in enumerate(sorted(set(names)))}
        pattern = re.compile(datasource.file_regex)
        modified = [
            datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
            for text in members["modified"].to_pylist()
        ]
        return cls(
            np.array([place[name] for name in names], np.int64),
            pa.array([_stamp(pattern, name) for name in names], pa.string()),
            np.array(modified, "datetime64[us]"),
        )

    def dated(
        self, texts: pa.Array, numbers: Numbers, date_format: str, zone: str, tolerance: timedelta
    ) -> tuple[pa.Array, Mask]:
        """The timestamps of records, with that of the name for one that cannot be read or is
        farther from it; and which these are.
        """
        named = self.stamps.take(pa.array(numbers - 1))
        own, by_name = (read_walls(some, date_format, zone) for some in (texts, named))
        # NaT is not within any tolerance
        is_near = np.abs(own - by_name) <= np.timedelta64(tolerance)
        replaced = ~is_near & ~np.isnat(by_name)
        return pc.if_else(pa.array(replaced), named, texts), replaced

    def is_newest(self, instants: Instants, series: Numbers, numbers: Numbers) -> Mask:
        """Of the records of one time and series, that of the last name; of one name, that which
        came last.
        """
        order = np.lexsort((numbers, self.order[numbers - 1], series, instants))
        newest = np.ones(len(numbers), bool)
        here, after = order[:-1], order[1:]
        newest[here] = (instants[after] != instants[here]) | (series[after] != series[here])
        return newest


def _stamp(pattern: re.Pattern[str], name: str) -> str | None:
    match = pattern.fullmatch(PurePosixPath(name).name)
    groups = match.groupdict() if match else {}
    time = groups.get("time")
    if not time:
        return None
    return f"{groups.get('day')} {':'.join(re.findall('..', time))}"
