"""Tables of a release that come from a source as they are: registers, not readings."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from include.contract.parquet import PUBLISHED
from include.contract.tables import Column, Table, tables, tables_of
from include.core import files
from include.core.errors import StorageError
from include.ledger.ledger import FileVersion, Ledger
from include.registry import Run
from include.registry.rows import Datasource, SqlColumn, SqlTable
from include.sources.landed import is_landed_whole

BUILDING = Column("building_id", "varchar", "building", "")


@dataclass(frozen=True)
class SourceTable:
    """A table, and what it is made from.

    Attributes:
        table: as the release describes it.
        datasource: whose it is; None where it is kept.
        columns: what is declared of it.
        version: the last file that was accepted; None where none ever was.
        kept: the file of the last release, where a wrong row of a seed hides what is declared.
    """

    table: Table
    datasource: Datasource | None = None
    columns: tuple[SqlColumn, ...] = ()
    version: FileVersion | None = None
    kept: Path | None = None

    @property
    def digest(self) -> str:
        """What names its contents."""
        if self.kept:
            return files.sha256(self.kept)
        return self.version.sha256 if self.version else ""


def source_tables(run: Run) -> list[SourceTable]:
    """Those of the buildings of the run, in the order of the seed; of a building with a wrong row,
    as they were published.
    """
    found = list(_declared(run))
    if {row.building_id for row in run.registry.published_buildings} & run.registry.wrong.keys():
        found += _kept(run, {one.table.file for one in found})
    return found


def _declared(run: Run) -> Iterator[SourceTable]:
    built = {building.building_id for building in run.registry.built_buildings}
    datasources = {
        row.datasource_id: row
        for row in run.registry.datasources
        if row.status in ("active", "disabled") and row.building_id in built
    }
    rows = [row for row in run.registry.sql_tables if row.published]
    rows = [row for row in rows if row.datasource_id in datasources]
    newest = {
        (version.datasource_id, version.path): version
        for building_id in {datasources[row.datasource_id].building_id for row in rows}
        for version in Ledger.read(run.settings.paths, building_id).accepted(
            building_id, run.as_of, run.registry.withdrawn(run.as_of)
        )
    }
    for row in rows:
        columns = run.registry.sql_columns_of(row)
        last = newest.get((row.datasource_id, row.file))
        yield SourceTable(_table(row, columns), datasources[row.datasource_id], columns, last)


def _kept(run: Run, made: Collection[str]) -> Iterator[SourceTable]:
    """Those of the last release that are not made now."""
    last = run.settings.paths.latest
    schema = files.read_or(last / "schema.json", {"tables": []})
    others = {table.file for table in (*tables(), *tables_of("view"))}
    for table in schema["tables"]:
        if table["file"] not in made and table["file"] not in others:
            columns = tuple(Column(**column) for column in table["columns"])
            name, key = table["file"].removesuffix(".parquet"), tuple(table["key"])
            described = Table(table["file"], name, "source", table["description"], columns, key)
            yield SourceTable(described, kept=last / table["file"])


def _table(row: SqlTable, columns: tuple[SqlColumn, ...]) -> Table:
    return Table(
        f"{row.published}.parquet",
        row.published,
        "source",
        row.description,
        (BUILDING, *(Column(c.column, c.type, c.description, c.unit) for c in columns)),
        ("building_id", *row.key),
    )


def write_source_table(
    database: duckdb.DuckDBPyConnection, run: Run, found: SourceTable, target: Path
) -> None:
    """Write the table with the types that are declared; a time without zone is of the datasource's
    clock.

    Raises StorageError if no copy of its file is left, or it cannot be written so.
    """
    if found.kept:
        files.copy(found.kept, target)
        return
    if found.version is None:
        nothing = ", ".join(f"null::{c.type} as {_quoted(c.name)}" for c in found.table.columns)
        query = f"select {nothing} where false"
        database.execute(f"copy ({query}) to $target ({PUBLISHED})", {"target": str(target)})
        return
    if not is_landed_whole(run, found.version):
        raise StorageError(
            f"no copy is left of {found.version.path}, which {found.table.file} is made from",
            where=str(next(iter(found.version.landed(run.settings.paths)))),
            cure="run refresh again: the database is read again",
        )
    assert found.datasource
    (raw,) = found.version.landed(run.settings.paths)
    described = database.execute("describe from read_parquet($raw)", {"raw": str(raw)}).fetchall()
    there = {name: kind for name, kind, *_ in described}
    chosen = ", ".join(_typed(column, there.get(column.column)) for column in found.columns)
    order = ", ".join(map(_quoted, found.table.key))
    query = f"select $building as building_id, {chosen} from read_parquet($raw) order by {order}"
    given = {
        "raw": str(raw),
        "building": found.datasource.building_id,
        "zone": found.datasource.timezone,
        "target": str(target),
    }
    query = f"copy ({query}) to $target ({PUBLISHED})"
    given = {name: value for name, value in given.items() if f"${name}" in query}
    try:
        database.execute(query, given)
    except duckdb.Error as error:  # its words may hold a value
        raise StorageError(
            f"{found.table.file} cannot be written with its declared types: {type(error).__name__}",
            where=found.version.path,
            cure="correct the types in sql_columns.csv",
        ) from None


def _typed(column: SqlColumn, there: str | None) -> str:
    """A column with its declared type; empty where it was declared after the file had come."""
    name = _quoted(column.column)
    if there is None:
        return f"null::{column.type} as {name}"
    if column.type == "timestamp with time zone" and there == "TIMESTAMP":
        return f"{name} at time zone $zone as {name}"
    return f"{name}::{column.type} as {name}"


def _quoted(name: str) -> str:
    return f'"{name}"'
