"""One record a line, each cell as `name=value`, cells separated by `|`; the first line names the columns."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa

from include.formats.port import Records
from include.formats.rejected import Refused, RejectedLines
from include.registry.rows import FileFormat


class StubFile:
    header_at, data_at, findings, names_vary = "line 1", "line 1", (), False

    def __init__(self, raw: Path) -> None:
        self._lines = raw.read_bytes().splitlines(keepends=True)
        self.rows = self.last = len(self._lines)

    def header(self, wanted: Collection[str] = ()) -> list[str]:
        names = [name for line in self._lines[:1] for name, _ in _cells(line)]
        if not all(names) or not names:
            cure = "Export it again"
            raise Refused("header", "line 1 does not name its cells", where="line 1", cure=cure)
        return names

    def records(self, header: list[str], rejected: RejectedLines, most: int) -> Records:
        numbers, values = [], []
        for number, line in enumerate(self._lines, 1):
            cells = _cells(line)
            if [name for name, _ in cells] == header:
                numbers.append(number)
                values.append([value for _, value in cells])
            else:
                quoted = rejected.quote(line.decode(errors="replace"))
                message = f"damaged, or other names than in line 1: {quoted}"
                rejected.add(number, "field_count", message)
        columns = [pa.array(column, pa.string()) for column in zip(*values, strict=True)]
        return Records(
            tuple(columns or [pa.array([], pa.string()) for _ in header]),
            np.array(numbers, np.int64),
        )

    def texts(self, numbers: Collection[int]) -> dict[int, bytes]:
        return {number: self._lines[number - 1].rstrip(b"\r\n") for number in numbers}


def _cells(line: bytes) -> list[tuple[str, str]]:
    """Names and values of a line; none if its end is missing or it is not UTF-8 text."""
    text = line.decode(errors="replace")
    if not text.endswith(("\n", "\r")) or "\ufffd" in text:
        return []
    cells = (cell.partition("=") for cell in text.rstrip("\r\n").split("|"))
    return [(name, value) for name, _, value in cells]


class Stub:
    is_text, has_places = True, False

    def open(self, raw: Path, format_: FileFormat) -> StubFile:
        return StubFile(raw)


FORMAT = Stub()
