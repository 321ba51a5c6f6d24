"""The folder `handover/` of a release with a star schema: what Power BI, SAP Analytics Cloud and
databases load, made from the tables and from the rows of kpis.yml.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from include.contract.kpis import kpis, query_of_kpis
from include.contract.tables import Table
from include.core import files
from include.release.views import KPIS_BY

FOLDER = "handover"
# a tool joins by one column: these are made of the columns that a table has
KEYS = {
    "room_key": (("building_id", "location"), "building_id || '/' || location"),
    "device_key": (
        ("building_id", "location", "sensor_id"),
        "building_id || '/' || location || '/' || sensor_id",
    ),
    "date_key": (("building_id", "local_date"), "building_id || '/' || local_date"),
}
DIMENSION_OF = {"room_key": "dim_room", "device_key": "dim_device", "date_key": "dim_date"}
LARGE = ("sensor_events", "weather_clean", "dim_datetime")  # as Parquet alone
BUILDING = "dim_building"
# by the beginning of its name: what a renter may not see, or no relationship leads to
CLOSED = ("fact_device_health", "fact_weather", "kpi_")


def write_handover(
    database: duckdb.DuckDBPyConnection, staging: Path, published: Sequence[Table]
) -> None:
    """Write the folder, where the release has apartments to hand over.

    Args:
        database: any; the files are read by their paths.
        staging: where the release is built, with its tables.
        published: these tables.
    """
    tables = [
        table
        for table in published
        if (table.kind in ("rollup", "view") and table.model not in LARGE)
        or table.model == BUILDING
    ]
    models = {table.model for table in tables}
    if not {"dim_room", "dim_device", "dim_date", "fact_energy_day"} <= models:
        return
    folder = staging / FOLDER
    (folder / "csv").mkdir(parents=True)
    for table in tables:
        query = f"select {', '.join(['*', *_keys(table)])} from read_parquet($path)"
        target = {"target": str(folder / f"csv/{table.model}.csv")}
        database.execute(
            f"copy ({query}) to $target (format csv, header)",
            {"path": str(staging / table.file), **target},
        )
    files.write_text(folder / "dictionary.csv", _csv(_dictionary(tables)))
    files.write_text(folder / "relationships.csv", _csv(_relationships(tables)))
    given = [kpi for kpi in kpis() if kpi.tables() <= models]
    measures = [f"{kpi.name} = {kpi.dax}  // {kpi.unit}: {kpi.description}" for kpi in given]
    files.write_text(folder / "measures.dax", "\n".join(measures) + "\n")
    views = [f"create view {name} as {query_of_kpis(by, given)};" for name, by in KPIS_BY.items()]
    files.write_text(folder / "kpis.sql", "\n\n".join(views) + "\n")
    apartments = database.execute(
        "select apartment_id from read_parquet($path) order by all",
        {"path": str(staging / "dim_apartment.parquet")},
    ).fetchall()
    files.write_text(folder / "roles.dax", _roles([name for (name,) in apartments], models))
    here = Path(__file__).with_name("star_schema.md")
    files.write_text(folder / "README.md", files.read_source(here))


def _keys(table: Table) -> list[str]:
    names = {column.name for column in table.columns}
    return [f"{made} as {key}" for key, (needed, made) in KEYS.items() if {*needed} <= names]


def _key_names(table: Table) -> list[str]:
    return [key.rpartition(" as ")[2] for key in _keys(table)]


def _dictionary(tables: Iterable[Table]) -> list[dict[str, Any]]:
    return [
        {
            "table": table.model,
            "column": column.name,
            "type": column.type,
            "unit": column.unit,
            "description": column.description,
        }
        for table in tables
        for column in table.columns
    ]


def _relationships(tables: Iterable[Table]) -> list[dict[str, Any]]:
    """Many to one, from each fact to its dimensions; of a device to its room."""
    found = []
    for table in tables:
        keys = _key_names(table)
        if "device_key" in keys and not table.model.startswith("dim_"):
            keys.remove("room_key")  # by way of the device
        found += [
            {
                "from_table": table.model,
                "from_column": key,
                "to_table": DIMENSION_OF[key],
                "to_column": key,
                "cardinality": "many to one",
            }
            for key in keys
            if DIMENSION_OF[key] != table.model
        ]
    found.append(
        {
            "from_table": "dim_room",
            "from_column": "apartment_id",
            "to_table": "dim_apartment",
            "to_column": "apartment_id",
            "cardinality": "many to one",
        }
    )
    return found


def _roles(apartments: Iterable[str], models: set[str]) -> str:
    """A role for each apartment, with the rows that a grant of the place lets through."""
    lines = []
    for apartment in apartments:
        quoted = apartment.replace('"', '""')
        lines.append(f"// role {apartment}")
        lines.append(f'dim_apartment: [apartment_id] = "{quoted}"')
        lines += [f"{name}: FALSE()" for name in sorted(models) if name.startswith(CLOSED)]
        lines.append("")
    return "\n".join(lines)


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
