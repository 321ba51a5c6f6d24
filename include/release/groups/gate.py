"""Decides what a grouped publication may say of restricted households.

A value is the mean of a KPI and month over households. It is published if enough households have
enough days, and if it differs from every value of that KPI and month that was ever published, of
whatever publication, by none or by enough households. Where that is not so, the value that was
published last stays. See docs/decisions/0064-groups.md.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from include.contract.kpis import kpis
from include.contract.tables import Table, tables_of
from include.core import files
from include.core.duckdb_session import run_statements
from include.core.errors import ContractError
from include.core.words import holds
from include.registry import Registry, Run
from include.registry.erased import place_of
from include.registry.rows import Publication

SETTLED = timedelta(days=7)  # after its end a month is waited for: readings come late
QUERY = files.read_source(Path(__file__).with_name("groups.sql"))


def open_month(run: Run) -> str:
    """The first month, as 2026-01, of which nothing is published yet, in any of the buildings."""
    now: datetime = run.as_of - SETTLED
    zones = [ZoneInfo(building.timezone) for building in run.registry.buildings]
    return min(f"{now.astimezone(zone):%Y-%m}" for zone in zones)


def weigh(
    database: duckdb.DuckDBPyConnection,
    publication: Publication,
    first_open_month: str,
    earlier: pa.Table,
) -> pa.Table:
    """Make the tables `group_month` and `withheld` of what the database knows of households.

    Args:
        database: with `kpi_day` and `kpi_month` of the households.
        publication: how many households and days are enough.
        first_open_month: months before it are published.
        earlier: what was published before, of all publications (`PUBLISHED_GROUPS`).

    Returns:
        What the new values were made of, to be remembered before they are published.
    """
    database.register("earlier", earlier)
    given = {
        "open_month": first_open_month,
        "min_days": publication.min_days,
        "min_households": publication.min_households,
        "publication": publication.publication_id,
    }
    run_statements(database, QUERY, given)
    return database.table("remembered").to_arrow_table()


def write_tables(
    database: duckdb.DuckDBPyConnection, publication: Publication, staging: Path
) -> dict[str, int]:
    """Write what passed and what was withheld; the rows of each file.

    Raises ContractError if there are values and none passes.
    """
    units = {"kpi": [kpi.name for kpi in kpis()], "unit": [kpi.unit for kpi in kpis()]}
    database.register("units", pa.table(units))
    rows = {}
    for table in group_tables():
        columns = ", ".join(column.name for column in table.columns)
        query = f"select {columns} from {table.model} left join units using (kpi)"
        ordered = f"{query} order by {', '.join(table.key)}"
        files.write_parquet(staging / table.file, database.sql(ordered).to_arrow_table())
        rows[table.file] = pq.read_metadata(staging / table.file).num_rows
    if not rows["group_month.parquet"] and rows["withheld.parquet"]:
        counted = database.sql("select reason, count(*) from withheld group by all order by all")
        reasons = ", ".join(f"{count} {reason}" for reason, count in counted.fetchall())
        raise ContractError(
            f"publication {publication.publication_id}: no value of its groups may be published"
            f" ({reasons})",
            where="publications.csv, columns min_households and min_days",
            cure=(
                "name more restricted buildings in its row, or set its status to disabled until"
                " there are enough households; fewer would say what single ones do"
            ),
        )
    return rows


def group_tables() -> tuple[Table, ...]:
    """The tables of a grouped publication."""
    return tables_of("group")


def households_of(database: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Building and apartment of each that has values."""
    found = database.sql("select distinct building_id, apartment from kpi_month order by all")
    return [(str(building_id), str(apartment)) for building_id, apartment in found.fetchall()]


def refuse_names(run: Run, staging: Path, households: Iterable[tuple[str, str]]) -> None:
    """No file of the release names one of the households, or what is measured there.

    Raises ContractError.
    """
    names = frozenset(_names(run.registry, households))
    for name in files.names_below(staging):
        path = staging / name
        is_table = path.suffix == ".parquet"
        text = repr(pq.read_table(path).to_pydict()) if is_table else path.read_text()
        if holds(text, names):
            raise ContractError(
                f"publication {run.publication.publication_id}: {name} names a household, or what"
                " is measured there",
                where="publications.csv, columns title and licence",
                cure="leave the names of apartments, rooms and sensors out of both columns",
            )


def _names(registry: Registry, households: Iterable[tuple[str, str]]) -> Iterator[str]:
    known, roots = frozenset(households), registry.roots
    for node, name in roots.names.items():
        if name and (roots.building_of(node), name) in known:
            yield name
            yield from place_of(registry, node).terms
