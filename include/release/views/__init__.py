"""Further tables of a release, for publications that name them: queries over the others."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from include.contract.parquet import PUBLISHED
from include.contract.tables import Table
from include.core import files


def query_of(name: str) -> str:
    """The query that makes a view."""
    return files.read_source(Path(__file__).parent / f"{name}.sql")


def write_views(
    database: duckdb.DuckDBPyConnection, staging: Path, published: Iterable[Table]
) -> None:
    """Write the views among the tables of a release; the queries see the others by their names."""
    views = [table for table in published if table.kind == "view"]
    for path in staging.glob("*.parquet") if views else ():
        database.read_parquet(str(path)).create_view(path.stem)
    for table in views:
        ordered = f"select * from ({query_of(table.model)}) order by {', '.join(table.key)}"
        target = {"target": str(staging / table.file)}
        database.execute(f"copy ({ordered}) to $target ({PUBLISHED})", target)
