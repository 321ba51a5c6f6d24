"""Reads one query into a Parquet file, as a program of its own: sql.py starts it, and stops it.

Standard input: JSON with `url`, `query` and `file`. On failure the last line of standard error says
why.
"""

import json
import sys

import connectorx
import pyarrow as pa
import pyarrow.parquet as pq


def main() -> int:
    """Returns the exit code."""
    asked = json.load(sys.stdin)
    try:
        table = connectorx.read_sql(asked["url"], asked["query"], return_type="arrow")
    except (RuntimeError, ValueError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    if not isinstance(table, pa.Table):
        table = pa.table(table)
    rows = table.sort_by([(name, "ascending") for name in table.column_names])
    pq.write_table(rows.combine_chunks(), asked["file"], compression="zstd")
    return 0


if __name__ == "__main__":
    sys.exit(main())
