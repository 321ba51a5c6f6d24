"""Reads the bytes of a file by a row of file_formats.csv, up to its records."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.formats.opening import open_file
from include.formats.rejected import RejectedLines
from include.ledger.ledger import Finding
from include.registry.rows import FileFormat
from tests.support.raw_files import write

CELLS = {
    "line": 2,
    "format": "tried",
    "reader": "delimited",
    "delimiter": ",",
    "decimal_mark": ".",
    "header_line": 1,
    "date_formats": "%Y-%m-%d",
    "null_tokens": "",
}


@dataclass(frozen=True)
class Read:
    """The records by their numbers, why others are rejected, and the texts of both."""

    numbered: dict[int, dict[str, str]]
    why: dict[int, str]
    texts: dict[int, bytes]
    findings: tuple[Finding, ...]

    @property
    def rows(self) -> list[dict[str, str]]:
        return list(self.numbered.values())


def read_file(
    folder: Path, content: bytes, *, wanted: tuple[str, ...] = (), most: int = 99, **cells: Any
) -> Read:
    """What a file holds; the keywords are cells of file_formats.csv."""
    raw = write(folder / "raw", content)
    rejected = RejectedLines()
    with open_file(raw, FileFormat(**{**CELLS, **cells})) as file:
        header = file.header(wanted)
        found = file.records(header, rejected, most)
        numbers = found.numbers.tolist()
        texts = file.texts([*numbers, *rejected.reasons])
        assert len(numbers) + len(rejected) <= file.rows
        assert all(number <= file.last for number in texts)
        findings = tuple(file.findings)
    names = [name for name in header if name]
    rows = zip(*(column.to_pylist() for column in found.columns), strict=True)
    return Read(
        dict(zip(numbers, (dict(zip(names, row, strict=True)) for row in rows), strict=True)),
        {number: rejected.messages[reason][1] for number, reason in rejected.reasons.items()},
        texts,
        findings,
    )
