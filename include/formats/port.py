"""The port of the formats: a raw file in, its records as texts out, each with the place that it
came from.

From there on everything is the same for every format: dates, numbers, wall clock, verdict. A format
knows neither the source that brought the file nor what its columns mean.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.formats.dialect import trimmed
from include.formats.rejected import RejectedLines
from include.ledger.ledger import Finding
from include.registry.rows import FileFormat


@dataclass(frozen=True)
class Records:
    """The records of a file that could be read.

    Attributes:
        columns: one array of texts for each named column, in the order of the header.
        numbers: for each record, the line (or the number of the record) that leads back to it in
            the raw file.
    """

    columns: tuple[pa.Array, ...]
    numbers: npt.NDArray[np.int64]

    def only(self, keep: npt.NDArray[np.bool_]) -> "Records":
        """The records for which `keep` is true."""
        if keep.all():
            return self
        mask = pa.array(keep)
        return Records(tuple(column.filter(mask) for column in self.columns), self.numbers[keep])

    def is_blank(self) -> npt.NDArray[np.bool_]:
        """The records that hold only white space."""
        blank = np.ones(len(self.numbers), bool)
        for column in self.columns:
            at = np.flatnonzero(blank)
            if not len(at):
                break
            texts = column if len(at) == len(blank) else column.take(pa.array(at))
            blank[at] = pc.equal(trimmed(texts), "").to_numpy(zero_copy_only=False)
        return blank


class RawFile(Protocol):
    """One file, its bytes read once.

    Attributes:
        rows: how many records it may hold, rejected and blank ones included.
        last: the highest number that a record of it may have.
        names_vary: whether a record may lack names of the header.
        header_at: where its column names are, for messages, such as `line 2`.
        data_at: where its first record should be.
        findings: what is unusual and refuses nothing.
    """

    rows: int
    last: int
    names_vary: bool
    header_at: str
    data_at: str
    findings: tuple[Finding, ...]

    def header(self, wanted: Collection[str] = ()) -> list[str]:
        """The column names as written, empty for a column without one.

        Args:
            wanted: names that the declarations give. A value outside the records is a column only
                if its name is one of them.

        Raises:
            Refused: there is no usable header, or a wanted column cannot be read.
        """

    def records(self, header: list[str], rejected: RejectedLines, most: int) -> Records:
        """All records that can be read; the others are added to `rejected`.

        Args:
            header: what `header` has returned.
            rejected: takes line number, reason and message.
            most: more rejected records than this are not looked for one by one.

        Raises:
            Refused: records cannot be distinguished.
        """

    def texts(self, numbers: Collection[int]) -> dict[int, bytes]:
        """The raw bytes of some records, for quarantine."""


class Format(Protocol):
    """Opens files that are written in one way; the details are the row of file_formats.csv.

    Attributes:
        is_text: the files are text, and `open` gets them in UTF-8. A byte that their encoding does
            not know is 0xFF.
        has_places: `records` of file_formats.csv has a meaning.
    """

    is_text: bool
    has_places: bool

    def open(self, raw: Path, format_: FileFormat) -> RawFile:
        """Read the bytes, in constant memory. Raises Refused if the file cannot hold records."""


class PackFormat(Format, Protocol):
    """A format whose files may come many at a time, each of them a record."""

    def open_pack(self, members: pa.Table, format_: FileFormat) -> RawFile:
        """Read the members of a pack (columns of PART in include/ledger/pack.py); the number of a
        record is the member's row.
        """
