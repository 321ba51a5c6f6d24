"""Further tables of a release, for publications that name them: queries over the others."""

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

from include.contract.kpis import query_of_kpis
from include.contract.parquet import PUBLISHED
from include.contract.tables import Table
from include.core import files
from include.core.errors import ConfigurationError
from include.planning.facts import TARIFFS, tariff_row
from include.registry import Registry, Run

FACT_COLUMNS = pa.schema(
    [
        *((name, pa.string()) for name in ("building_id", "column")),
        *((name, pa.list_(pa.string())) for name in ("measurements", "sensors")),
    ]
)
REGISTER_KEYS = pa.schema(
    [(name, pa.string()) for name in ("building_id", "node_id", "published", "key")]
)
HOLIDAYS = pa.schema(
    [("building_id", pa.string()), ("local_date", pa.date32()), ("holiday", pa.string())]
)


KPIS_BY = {
    "kpi_day": ("local_date", "building_id", "apartment"),
    "kpi_month": ("month", "building_id", "apartment"),
}


def query_of(name: str) -> str:
    """The query that makes a view."""
    if name in KPIS_BY:
        return query_of_kpis(KPIS_BY[name])
    return files.read_source(Path(__file__).parent / f"{name}.sql")


def write_views(
    database: duckdb.DuckDBPyConnection, run: Run, staging: Path, published: Iterable[Table]
) -> None:
    """Write the views among the tables of a release; the queries see the others by their names, and
    the `tariffs`, `holidays` and `fact_columns` of the buildings.

    Raises ConfigurationError if a publication does not name a table that one of its views reads.
    """
    views = [table for table in published if table.kind == "view"]
    if not views:
        return
    for path in staging.glob("*.parquet"):
        database.read_parquet(str(path)).create_view(path.stem)
    buildings = {row.building_id for row in run.registry.published_buildings}
    rows = [tariff_row(row) for row in run.registry.tariffs if row.building_id in buildings]
    database.register("tariffs", pa.Table.from_pylist(rows, schema=TARIFFS))
    database.register("fact_columns", _fact_columns(run.registry))
    if any(table.model == "dim_date" for table in views):
        database.register("holidays", _holidays(database, run))
    if any(table.model == "energy_reference_day" for table in views):
        database.register("register_keys", _register_keys(run.registry))
        database.execute(f"create view register_power as {_register_power(run, published)}")
    for table in views:
        ordered = f"select * from ({query_of(table.model)}) order by {', '.join(table.key)}"
        target = staging / table.file
        try:
            database.execute(f"copy ({ordered}) to $target ({PUBLISHED})", {"target": str(target)})
        except duckdb.CatalogException as error:
            raise ConfigurationError(
                f"{table.model} reads a table that the publication does not name: {error}",
                where="publications.csv, column tables",
                cure="name it before the view",
            ) from error
        database.read_parquet(str(target)).create_view(table.model)


def _register_power(run: Run, published: Iterable[Table]) -> str:
    """The query of the power that registers name, by node and time; none where their tables are not
    in the release.
    """
    there = {table.model for table in published}
    buildings = {row.building_id for row in run.registry.published_buildings}
    parts = [
        "select power.building_id, register_keys.node_id,"
        f' power."{row.time_column}" as timestamp, power."{row.power_column}" as power_w'
        f" from {row.table} as power inner join register_keys"
        " on power.building_id = register_keys.building_id"
        f" and register_keys.published = '{row.key_table}'"
        f' and cast(power."{row.key_column}" as varchar) = register_keys.key'
        for row in run.registry.register_references
        if row.table in there and row.building_id in buildings
    ]
    empty = (
        "select null::varchar as building_id, null::varchar as node_id,"
        " null::timestamptz as timestamp, null::double as power_w where false"
    )
    return " union all ".join([empty, *parts])


def _register_keys(registry: Registry) -> pa.Table:
    rows = [row.model_dump() | {"published": row.table} for row in registry.register_keys]
    return pa.Table.from_pylist(rows, schema=REGISTER_KEYS)


def _fact_columns(registry: Registry) -> pa.Table:
    """What feeds facts; `measurements` are the one that is read and the amount made of it."""
    amounts = {row.measurement: row.amount for row in registry.measurements}
    rows = [
        {
            "building_id": row.building_id,
            "column": row.column,
            "measurements": [row.measurement, amounts.get(row.measurement, "")],
            "sensors": list(row.sensors),
        }
        for row in registry.fact_columns
    ]
    return pa.Table.from_pylist(rows, schema=FACT_COLUMNS)


def _holidays(database: duckdb.DuckDBPyConnection, run: Run) -> pa.Table:
    """The public holidays of the buildings' countries, in the years of their daily values."""
    import holidays  # takes half a second, and few publications want them  # noqa: PLC0415

    years = database.sql(
        "select distinct building_id, year(local_date)::integer from public_dataset_daily"
    ).fetchall()
    rows = []
    for building_id, year in sorted(years):
        country, _, part = run.registry.building(building_id).country.partition("-")
        if country:
            try:
                found = holidays.country_holidays(
                    country, subdiv=part or None, years=year, language="en_US"
                )
            except NotImplementedError as error:
                raise ConfigurationError(
                    f"no holidays are known of {country}-{part}".rstrip("-"),
                    where="buildings_config.csv, column country",
                    cure="write another code of ISO 3166, such as CH-VS, or leave the cell empty",
                ) from error
            rows += [
                {"building_id": building_id, "local_date": day, "holiday": name}
                for day, name in found.items()
            ]
    return pa.Table.from_pylist(rows, schema=HOLIDAYS)
