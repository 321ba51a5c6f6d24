"""The Parquet files of a release, out of the months that are stored.

Texts are written as text: the minimum and maximum of a row group of enums come from its dictionary,
not from its rows, so readers cannot skip it (docs/decisions/0059-text-statistics.md).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from include.contract.parquet import PUBLISHED
from include.contract.tables import Table
from include.core import files
from include.core.errors import StorageError
from include.hierarchy import hierarchy
from include.registry import Run
from include.store.archive import Unit
from include.store.store import StoredFile

# The order of aggregates. Years come first: a day changes nothing in those that are over.
ORDER = "year(local_date), building_id, source, location, measurement, timestamp"
SORTED_BY = "sorted_by"  # key of the file's metadata that names it
ROW_GROUP = 32_768  # rows; a year of an hourly series is a quarter of it
ENCODINGS = {"double": "BYTE_STREAM_SPLIT", "timestamp with time zone": "DELTA_BINARY_PACKED"}

# Which rows of a table of all buildings are a publication's own, by the column that says so.
OWN = {
    "building_id": "list_contains($buildings, building_id)",
    "zone_id": """zone_id in (
        select id from read_parquet($hierarchy) where list_contains($buildings, building_id)
    )""",
    "measurement": "list_contains($measurements, measurement)",
}


def copy_own(
    database: duckdb.DuckDBPyConnection, run: Run, stored: Path, staging: Path, table: Table
) -> None:
    """The rows of the run's buildings, under the licence of its publication; the file as it is
    where that is all of it.
    """
    licence = run.publication.licence
    if run.registry.buildings == run.registry.of_all.buildings and not licence:
        files.copy(stored, staging / table.file)
        return
    names = [column.name for column in table.columns]
    own = next(condition for column, condition in OWN.items() if column in names)
    given = {
        "stored": str(stored),
        "target": str(staging / table.file),
        "hierarchy": str(hierarchy.stored(run.settings, "hierarchy")),
        "buildings": [row.building_id for row in run.registry.buildings],
        "measurements": [row.measurement for row in run.registry.measurements],
        "licence": licence,
    }
    shown = "* replace ($licence as licence)" if licence and "licence" in names else "*"
    query = f"copy (select {shown} from read_parquet($stored) where {own}) to $target ({PUBLISHED})"
    database.execute(query, {name: value for name, value in given.items() if f"${name}" in query})


def concatenate(
    database: duckdb.DuckDBPyConnection,
    stored: list[StoredFile],
    target: Path,
    table: Table,
    where: str,
) -> None:
    """Write the rows of stored files one after the other, those for which a condition is true."""
    paths = [str(file.undamaged()) for file in stored]
    rows = f"{_select(table)} from read_parquet($paths) where {where}" if paths else _nothing(table)
    with files.writing(target, _size(stored)):
        database.execute(
            f"copy ({rows}) to $target ({PUBLISHED})",
            {"target": str(target)} | ({"paths": paths} if paths else {}),
        )


def sort_by_series(
    database: duckdb.DuckDBPyConnection,
    units: dict[Unit, StoredFile],
    target: Path,
    table: Table,
    last: Path | None,
) -> None:
    """Write the rows of archived units in ORDER.

    Years that the last release has, made from the same units, are copied from it as they lie there:
    if all of history were sorted, a day would cost more every year. The bytes are the same.

    Args:
        database: with one thread.
        units: archived, of one grain.
        target: the file to write.
        table: what it holds.
        last: folder of the last release, if there is one.
    """
    paths = {unit: str(file.undamaged()) for unit, file in units.items()}
    years = _by_year(units)
    same = _same_years(units, last, table.file) if last else set()
    parts: list[str] = []
    bound: dict[str, Any] = {}
    for is_same, found in groupby(sorted(years), key=lambda year: year in same):
        run = list(found)
        if is_same:
            bound["last"] = str(last and last / table.file)
            # not from the first to the last: one between them may have been taken out
            these = " or ".join(
                f"local_date between date '{year}-01-01' and date '{year}-12-31'" for year in run
            )
            parts.append(f"{_select(table)} from read_parquet($last) where {these}")
        else:
            bound[f"of_{run[0]}"] = [paths[unit] for year in run for unit in years[year]]
            parts.append(f"{_select(table)} from read_parquet($of_{run[0]}) order by {ORDER}")
    rows = " union all ".join(f"({part})" for part in parts) or _nothing(table)
    with files.writing(target, _size(units.values())):
        write_in_row_groups(database.sql(rows, params=bound), target, table)


def write_in_row_groups(rows: duckdb.DuckDBPyRelation, target: Path, table: Table) -> None:
    """Write rows by pyarrow: the bytes that DuckDB writes depend on where rows come from, too."""
    encodings = {c.name: ENCODINGS[c.type] for c in table.columns if c.type in ENCODINGS}
    batches = rows.to_arrow_reader(ROW_GROUP)
    with pq.ParquetWriter(
        target,
        batches.schema,
        compression="zstd",
        data_page_version="2.0",
        use_dictionary=[column.name for column in table.columns if column.name not in encodings],
        column_encoding=encodings,
        store_schema=False,
    ) as writer:
        for row_group in _row_groups(batches):
            writer.write_table(row_group, row_group_size=ROW_GROUP)
        writer.add_key_value_metadata({SORTED_BY: ORDER})


def _row_groups(batches: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The rows cut into row groups, wherever the batches of DuckDB end."""
    waiting = batches.schema.empty_table()
    for batch in batches:
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch])])
        while waiting.num_rows >= ROW_GROUP:
            yield waiting.slice(0, ROW_GROUP).combine_chunks()
            waiting = waiting.slice(ROW_GROUP)
    if waiting.num_rows:
        yield waiting.combine_chunks()


def _by_year(units: Iterable[Unit]) -> dict[str, list[Unit]]:
    found = defaultdict(list)
    for unit in units:
        found[unit.month[:4]].append(unit)
    return found


def _same_years(units: dict[Unit, StoredFile], last: Path, file: str) -> set[str]:
    """The years of a file of the last release that were made from these units.

    None of them if the file cannot be read, is damaged, or has another order.
    """
    try:
        metadata = pq.read_metadata(last / file).metadata or {}
        lineage = files.read_json(last / "lineage.json")
        sums = (last / "SHA256SUMS").read_text().splitlines()
        buildings = set(lineage["seeds"])
        then = {
            (Unit(row["grain"], row["building_id"], row["month"]), row["sha256"])
            for row in lineage["archive"]
            if row["rows"] and row["building_id"] in buildings
        }
    except (OSError, StorageError, pa.ArrowException, KeyError, TypeError, ValueError):
        return set()
    is_whole = f"{files.sha256(last / file)}  {file}" in sums
    if not is_whole or metadata.get(SORTED_BY.encode()) != ORDER.encode():
        return set()
    grains = {unit.grain for unit in units}
    now = {(unit, stored.sha256) for unit, stored in units.items()}
    changed = {unit.month[:4] for unit, _ in now ^ {row for row in then if row[0].grain in grains}}
    return {unit.month[:4] for unit in units} - changed


def _select(table: Table) -> str:
    columns = ", ".join(
        f"{column.name}::{column.type} as {column.name}" for column in table.columns
    )
    return f"select {columns}"


def _nothing(table: Table) -> str:
    columns = ", ".join(f"null::{column.type} as {column.name}" for column in table.columns)
    return f"select {columns} where false"


def _size(stored: Iterable[StoredFile]) -> int:
    return sum(file.path.stat().st_size for file in stored)
