"""One record a line, each cell as `name=value`, cells separated by `|`; the first line names the columns."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa

from include.formats.port import Records
from include.formats.rejected import RejectedLines
from include.registry.rows import FileFormat


class StubFile:
    header_at, data_at, findings = "line 1", "line 1", ()

    def __init__(self, raw: Path) -> None:
        self._lines = raw.read_bytes().splitlines()
        self.rows = len(self._lines)

    def header(self) -> list[str]:
        return [cell.partition("=")[0] for cell in self._lines[0].decode().split("|")]

    def records(self, header: list[str], rejected: RejectedLines, most: int) -> Records:
        cells = []
        for number, line in enumerate(self._lines, 1):
            record = dict(cell.split("=", 1) for cell in line.decode().split("|") if "=" in cell)
            if set(record) == set(header):
                cells.append((number, record))
            else:
                rejected.add(
                    number,
                    "field_count",
                    f"other names than in line 1: {rejected.quote(line.decode())}",
                )
        columns = tuple(
            pa.array([record[name] for _, record in cells], pa.string()) for name in header
        )
        return Records(columns, np.array([number for number, _ in cells], np.int64))

    def texts(self, numbers: Collection[int]) -> dict[int, bytes]:
        return {number: self._lines[number - 1] for number in numbers}


class Stub:
    def open(self, raw: Path, format_: FileFormat) -> StubFile:
        return StubFile(raw)


FORMAT = Stub()
