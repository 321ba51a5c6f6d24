"""Judges a file that is a table of the releases: its columns are those that are declared."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from include.formats.rejected import Refused
from include.ledger.ledger import Layout
from include.registry.rows import SqlColumn

# What a column may be in the database, by what it is in the releases.
FITTING = {
    "timestamp with time zone": (pa.types.is_timestamp,),
    "date": (pa.types.is_date,),
    "varchar": (pa.types.is_string, pa.types.is_large_string),
    "double": (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal),
    "bigint": (pa.types.is_integer,),
    "integer": (pa.types.is_integer,),
    "boolean": (pa.types.is_boolean, pa.types.is_integer),
}
ARROW = {
    "date": pa.date32(),
    "varchar": pa.string(),
    "double": pa.float64(),
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "boolean": pa.bool_(),
}


def read_table(
    raw: Path, columns: Sequence[SqlColumn], key: Sequence[str], declared: str
) -> tuple[Layout, int, int]:
    """Layout, rows and empty cells of a table.

    Args:
        raw: a Parquet file.
        columns: what it must have.
        key: the columns that name a row.
        declared: the fingerprint of the declarations.

    Raises:
        Refused: it has other columns, or types that do not fit, or two rows of one key.
    """
    try:
        table = pq.read_table(raw)
    except (pa.ArrowException, OSError) as error:
        what = f"the file is not a Parquet file: {error}"
        raise Refused("table", what, cure="Let the database be read again") from None
    for row in columns:
        found = table.schema.field(row.column).type if row.column in table.column_names else None
        if found is None or not any(fits(found) for fits in FITTING[row.type]):
            what = f"column {row.column!r} is {found or 'missing'}, declared is {row.type}"
            cure = "Correct its row in sql_columns.csv, or the table"
            raise Refused("table_column", what, cure=cure)
        try:
            _ = table[row.column].cast(ARROW[row.type]) if row.type in ARROW else None
        except pa.ArrowException:  # its words hold the value
            what = f"column {row.column!r} has values that are no {row.type}"
            raise Refused("table_column", what, cure="Declare a wider type") from None
    names = [row.column for row in columns]
    if empty := [name for name in key if table[name].null_count]:
        what = f"column {empty[0]!r} of the key has empty cells"
        raise Refused("table_key", what, cure="Correct key in sql_tables.csv, or the table")
    if key and table.select(key).group_by(list(key)).aggregate([]).num_rows < table.num_rows:
        what = f"two rows have the same {', '.join(key)}"
        raise Refused("table_key", what, cure="Correct key in sql_tables.csv, or the table")
    nulls = sum(table[name].null_count for name in names)
    return Layout(tuple(names), "", declared=declared), table.num_rows, nulls
