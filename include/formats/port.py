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


class RawFile(Protocol):
    """One file, its bytes read once.

    Attributes:
        rows: how many records it may hold, rejected and blank ones included.
        header_at: where its column names are, for messages, such as `line 2`.
        data_at: where its first record should be.
        findings: what is unusual and refuses nothing.
    """

    rows: int
    header_at: str
    data_at: str
    findings: tuple[Finding, ...]

    def header(self) -> list[str]:
        """The column names as written, empty for a column without one.

        Raises Refused if there is no usable header.
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
    """Opens files that are written in one way; the details are the row of file_formats.csv."""

    def open(self, raw: Path, format_: FileFormat) -> RawFile:
        """Read the bytes, in constant memory. Raises Refused if the file cannot hold records."""
