"""The files that validation writes: values by line, as dbt reads them, and the lines that were
rejected.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa

from include.core import files
from include.core.errors import DamagedFile
from include.formats.dialect import digests
from include.formats.opening import member_of
from include.formats.port import RawFile
from include.formats.rejected import RejectedLines
from include.formats.values import Values
from include.formats.wall_clock import Instants
from include.ledger.ledger import Layout

DECLARED_KEY = b"declared"


def land_values(
    path: Path, read: Values, instants: Instants, layout: Layout, *, shows_text: bool
) -> None:
    """Write the accepted lines of a file as Parquet, one row a line: numbers in n…, texts in t…."""
    columns: dict[str, Any] = {
        "source_line": pa.array(read.numbers, pa.int32()),
        "timestamp": pa.array(instants.astype("datetime64[us]"), pa.timestamp("us", "UTC")),
        "device": read.device,
        "measurement": read.measurement,
    }
    for index, cells in enumerate(read.cells.values()):
        columns |= {
            f"n{index}": cells.numbers,
            f"t{index}": cells.unreadable if shows_text else digests(cells.unreadable),
        }
    table = pa.table(columns).replace_schema_metadata({DECLARED_KEY: layout.declared.encode()})
    plain = {"source_line": "DELTA_BINARY_PACKED", "timestamp": "DELTA_BINARY_PACKED"}
    files.write_parquet(
        path,
        table,
        use_dictionary=[name for name in columns if name not in plain],
        column_encoding=plain,
    )


def land_rejected_lines(path: Path, file: RawFile, rejected: RejectedLines) -> None:
    """Write the texts of the rejected lines as Parquet, with number, reason, and, in an archive of
    several files, the name of theirs.
    """
    if not len(rejected):
        files.remove(path)
        return
    members = {number: member_of(file, number) for number in rejected.reasons}
    files.write_parquet(path, rejected.table(file.texts(rejected.reasons), members))


def is_landed(path: Path, layout: Layout, rows: int) -> bool:
    """Whether the landed values of a file are there, whole, and read by the declarations that the
    ledger names.
    """
    try:
        table = files.read_parquet(path)
    except (DamagedFile, OSError):
        return False
    wanted = [
        "source_line",
        "timestamp",
        "device",
        "measurement",
        *(f"{kind}{n}" for n in range(len(layout.columns)) for kind in "nt"),
    ]
    metadata = table.schema.metadata or {}
    return (
        table.column_names == wanted
        and table.num_rows == rows
        and metadata.get(DECLARED_KEY) == layout.declared.encode()
    )
