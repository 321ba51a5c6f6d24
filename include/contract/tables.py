"""What the public dataset consists of. Columns, types, units and texts come from the .yml files of dbt's models and the graph."""

import functools
from dataclasses import dataclass
from typing import Any

import yaml

from include.contract.grains import GRAINS
from include.core import files
from include.core.settings import PROJECT_DIR

# DuckDB's name of a type → Frictionless type; what the .yml files may use.
TYPES = {
    "timestamp with time zone": "datetime",
    "date": "date",
    "varchar": "string",
    "double": "number",
    "bigint": "integer",
    "integer": "integer",
}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    description: str
    unit: str


@dataclass(frozen=True)
class Table:
    """One Parquet file of the release, described by the dbt model that it is made by."""

    file: str
    model: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]


AGGREGATES = {grain: f"public_dataset_{grain}" for grain in GRAINS}
RAW = "public_dataset_raw"
DAILY_SUMMARY = "metric_daily_summary"
METRICS = ("metric_sensor_day", DAILY_SUMMARY)  # made with the readings, month by month; the second is published
HIERARCHY = {"public_dataset_hierarchy": "hierarchy", "public_dataset_adjacency": "adjacency"}
DIMENSIONS = ("dim_building", "dim_location", "dim_sensor", "dim_measurement", "dim_datasource")


@functools.cache
def tables() -> tuple[Table, ...]:
    """All tables of a release, in the order of its README."""
    names = {
        **{name: f"agg_{grain}" for grain, name in AGGREGATES.items()},
        RAW: "fct_sensor_readings",
        DAILY_SUMMARY: DAILY_SUMMARY,
        **HIERARCHY,
        **{name: name for name in DIMENSIONS},
    }
    models = _models()
    return tuple(_table(name, models[model]) for name, model in names.items())


def columns_of(model: str) -> tuple[Column, ...]:
    return next(table.columns for table in tables() if table.model == model)


def _models() -> dict[str, dict[str, Any]]:
    paths = [*sorted((PROJECT_DIR / "include/dbt/models").rglob("*.yml")), PROJECT_DIR / "include/cypher/hierarchy.yml"]
    documents = [yaml.safe_load(files.read_source(path)) for path in paths]
    return {model["name"]: model for document in documents for model in document.get("models", [])}


def _table(name: str, model: dict[str, Any]) -> Table:
    columns = tuple(
        Column(
            name=column["name"],
            type=column["data_type"],
            description=" ".join(column["description"].split()),
            unit=column.get("config", {}).get("meta", {}).get("unit", ""),
        )
        for column in model["columns"]
    )
    return Table(f"{name}.parquet", model["name"], " ".join(model["description"].split()), columns, tuple(model["config"]["meta"]["key"]))
