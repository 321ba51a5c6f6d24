"""What the public dataset consists of.

Columns, types, units and texts come from the .yml files of dbt's models, the graph and the views.
"""

import functools
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from include.core import files
from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR

# DuckDB's name of a type → Frictionless type; what the .yml files may use.
TYPES = {
    "timestamp with time zone": "datetime",
    "date": "date",
    "varchar": "string",
    "double": "number",
    "bigint": "integer",
    "integer": "integer",
    "boolean": "boolean",
}


Kind = Literal[
    "aggregate",
    "readings",
    "amounts",
    "monthly",
    "hierarchy",
    "dimension",
    "fact",
    "rollup",
    "view",
    "source",
    "group",
    "forecast",
]
# aggregate: by the time-series engine; readings: one row per reading; amounts: what was made of
# readings, where there are such; monthly: with the readings, month by month; hierarchy: by the
# graph; dimension: from the seeds; fact and rollup: the star schema of the floating window and of
# all months; view: a query over the others; source: as it comes from a database; group: what
# households of grouped publications have in common; forecast: beside the releases. Publications
# have those facts, roll-ups and views that they name.
NAMED_KINDS: tuple[Kind, ...] = ("fact", "rollup", "view")
KINDS: tuple[Kind, ...] = ("aggregate", "readings", "amounts", "monthly", "hierarchy", "dimension")


@dataclass(frozen=True)
class Column:
    """A column of a published table; `type` is one of TYPES, `unit` a UCUM code or empty."""

    name: str
    type: str
    description: str
    unit: str


@dataclass(frozen=True)
class Table:
    """What a model makes: a Parquet file of the release, or (`file` is empty) something that only
    the platform reads.

    A model registers itself: `config.meta` in its .yml file has `kind`, `key`, and for a file of
    the release `published`, its name.
    """

    file: str
    model: str
    kind: Kind
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def has_days(self) -> bool:
        """Whether its rows are days of the building's calendar, of which only closed ones are
        published.
        """
        return any(column.name == "local_date" for column in self.columns)


@functools.cache
def tables(further: tuple[str, ...] = ()) -> tuple[Table, ...]:
    """All tables of a release, in the order of its README: by kind, then as in the .yml files, then
    the further ones that its publication names.

    Raises ConfigurationError if there is no such table.
    """
    known = {table.model: table for kind in NAMED_KINDS for table in tables_of(kind)}
    if unknown := [name for name in further if name not in known]:
        raise ConfigurationError(
            f"there is no table {unknown[0]!r}",
            where="publications.csv, column tables",
            cure=f"use some of: {', '.join(sorted(known))}",
        )
    own = (table for kind in KINDS for table in tables_of(kind) if table.file)
    return (*own, *(known[name] for name in further))


@functools.cache
def tables_of(kind: Kind) -> tuple[Table, ...]:
    """The tables of one kind, published or not."""
    return tuple(
        _table(model)
        for model in _models()
        if model.get("config", {}).get("meta", {}).get("kind") == kind
    )


def of_all_months() -> list[Table]:
    """The tables of releases that are made with the readings and hold every month."""
    return [table for table in (*tables_of("monthly"), *tables_of("rollup")) if table.file]


def columns_of(model: str) -> tuple[Column, ...]:
    """The columns of a published model, in order."""
    return next(table.columns for table in tables() if table.model == model)


@functools.cache
def columns_of_named(model: str) -> tuple[Column, ...]:
    """The columns of a fact, a roll-up or a view; none if there is no such table."""
    named = (table for kind in NAMED_KINDS for table in tables_of(kind))
    return next((table.columns for table in named if table.model == model), ())


def file_of(model: str) -> str:
    """The file of a release that a model makes, of those that name it."""
    return next(_table(one).file for one in _models() if one["name"] == model)


@functools.cache
def _models() -> list[dict[str, Any]]:
    paths = [
        *sorted((PROJECT_DIR / "include/dbt/models").rglob("*.yml")),
        PROJECT_DIR / "include/cypher/hierarchy.yml",
        PROJECT_DIR / "include/release/views/views.yml",
        PROJECT_DIR / "include/release/groups/groups.yml",
        PROJECT_DIR / "include/forecasting/forecasts.yml",
    ]
    documents = [yaml.safe_load(files.read_source(path)) for path in paths]
    return [model for document in documents for model in document.get("models", [])]


def _table(model: dict[str, Any]) -> Table:
    meta = model["config"]["meta"]
    columns = tuple(
        Column(
            name=column["name"],
            type=column["data_type"],
            description=" ".join(column["description"].split()),
            unit=column.get("config", {}).get("meta", {}).get("unit", ""),
        )
        for column in model.get("columns", [])
    )
    file = f"{meta['published']}.parquet" if "published" in meta else ""
    return Table(
        file,
        model["name"],
        meta["kind"],
        " ".join(model["description"].split()),
        columns,
        tuple(meta.get("key", ())),
    )
