"""The seeds of registers: which of their rows are of which node, and what they say of energy."""

from collections.abc import Collection

from pydantic import Field

from include.registry.cells import Identifier
from include.registry.rows import Row, SqlColumn, SqlTable
from include.registry.seeds import Roots, refuse

KEYS, REFERENCES = "register_keys.csv", "register_references.csv"


class RegisterKey(Row):
    """Which row of a register describes a node of the hierarchy."""

    building_id: Identifier
    node_id: str = Field(min_length=1)
    table: Identifier = Field(description="published table of sql_tables.csv")
    key: str = Field(description="of its row; empty: the register does not describe the node")


class RegisterReference(Row):
    """Where a register says how much power an apartment should use, hour by hour.

    A value holds until the next one, and for an hour at most. `key_column` has keys of `key_table`,
    which `register_keys.csv` assigns to apartments.
    """

    building_id: Identifier
    table: Identifier = Field(description="published table of sql_tables.csv")
    key_table: Identifier
    key_column: str = Field(pattern=r"^\w+$")
    time_column: str = Field(pattern=r"^\w+$")
    power_column: str = Field(pattern=r"^\w+$", description="its unit is W")


def check_register_key(row: RegisterKey, roots: Roots, tables: Collection[SqlTable]) -> None:
    """Its node and its table are of its building."""
    if roots.building_of(row.node_id) != row.building_id or row.node_id not in roots.parents:
        what = f"unknown node {row.node_id!r} of {row.building_id}"
        refuse(KEYS, row, "node_id", what, "name an id of building_hierarchy.csv")
    table = _published(KEYS, row, "table", row.table, tables)
    if len(table.key) != 1:
        what = f"the key of {row.table} has {len(table.key)} columns"
        refuse(KEYS, row, "table", what, "name a table whose key is one column")


def check_register_reference(
    row: RegisterReference, tables: Collection[SqlTable], columns: Collection[SqlColumn]
) -> None:
    """Its tables are of its building, and its columns of its table."""
    table = _published(REFERENCES, row, "table", row.table, tables)
    _published(REFERENCES, row, "key_table", row.key_table, tables)
    known = {
        one.column: one
        for one in columns
        if (one.datasource_id, one.table) == (table.datasource_id, table.table)
    }
    for name in ("key_column", "time_column", "power_column"):
        if (column := getattr(row, name)) not in known:
            what = f"{row.table} has no column {column!r}"
            refuse(REFERENCES, row, name, what, f"use one of: {', '.join(sorted(known))}")
    if known[row.power_column].unit != "W":
        what = f"{row.power_column} is not in W"
        refuse(REFERENCES, row, "power_column", what, "name a column with the unit W")


def _published(
    file: str,
    row: RegisterKey | RegisterReference,
    column: str,
    name: str,
    tables: Collection[SqlTable],
) -> SqlTable:
    known = {table.published: table for table in tables if table.published}
    if name not in known:
        what = f"{row.building_id} publishes no table {name!r} of a database"
        refuse(file, row, column, what, f"use one of: {', '.join(sorted(known)) or 'none'}")
    return known[name]
