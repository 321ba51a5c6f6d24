"""Packs: many small files of one datasource and day, landed as few.

A part is a Parquet file with a row per member: its name on the drive, and its bytes as received.
Rows are numbered through the pack, and a part is never changed: what comes later, also of a name
that is there, is in a later part.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from include.core import files

MEMBERS = pa.schema(
    [
        ("row", pa.int32()),
        ("name", pa.string()),
        ("size", pa.int64()),
        ("modified", pa.string()),
        ("sha256", pa.string()),
    ]
)
PART = MEMBERS.append(pa.field("content", pa.binary()))


@dataclass(frozen=True)
class Pack:
    """The parts of a pack in landing, in their order."""

    parts: tuple[Path, ...]

    def members(self) -> pa.Table:
        """What is in it, in the order of rows, without their bytes. Raises DamagedFile."""
        return self._read(MEMBERS)

    def read(self) -> pa.Table:
        """The same with their bytes. Raises DamagedFile."""
        return self._read(PART)

    def _read(self, schema: pa.Schema) -> pa.Table:
        tables = [files.read_parquet(path, schema) for path in self.parts]
        return pa.concat_tables(tables) if tables else schema.empty_table()


def digest_of(members: pa.Table) -> str:
    """What names the contents of a pack, however it is cut into parts."""
    found = hashlib.sha256()
    columns = (members[name].to_pylist() for name in ("name", "modified", "sha256"))
    for name, modified, sha256 in zip(*columns, strict=True):
        found.update(f"{name}\n{modified}\n{sha256}\n".encode())
    return found.hexdigest()


def write_part(folder: Path, table: pa.Table) -> Path:
    """Write a part (columns of PART) into a folder; its name there is its digest."""
    written = folder / "part"
    files.write_parquet(written, table, is_sealed=False, use_dictionary=["modified"])
    return written.rename(folder / files.sha256(written))


def merged(tables: Iterable[pa.Table]) -> pa.Table:
    """The rows of several parts as one."""
    return pa.concat_tables(tables).combine_chunks()
