"""What was ever published of groups: kept in the catalogs of their buildings, so that the
difference of two releases says nothing of few households.
"""

import hashlib
import secrets
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from include.core import files
from include.core.paths import DataPaths

# a row: a household's part in a value; `revision` counts the values of a publication, month and KPI
PUBLISHED_GROUPS = pa.schema(
    [
        ("publication", pa.string()),
        ("month", pa.string()),
        ("kpi", pa.string()),
        ("revision", pa.int64()),
        ("building_id", pa.string()),
        ("household", pa.string()),  # sha256
        ("contribution", pa.string()),  # sha256 of its value and days
        ("value", pa.float64()),
        ("households", pa.int64()),
        ("days", pa.int64()),
    ]
)


def household_of(building_id: str, apartment: str) -> str:
    """What a household is called here; groups.sql says the same."""
    return hashlib.sha256(f"{building_id}/{apartment}".encode()).hexdigest()


def read_groups(paths: DataPaths, building_id: str) -> pa.Table:
    """What households of a building had a part in. Raises DamagedFile."""
    path = paths.groups(building_id)
    if not path.exists():
        return PUBLISHED_GROUPS.empty_table()
    return files.read_parquet(path, PUBLISHED_GROUPS)


def remember_groups(paths: DataPaths, rows: pa.Table) -> None:
    """Add rows to what is kept of their buildings."""
    for building_id in sorted(set(rows["building_id"].to_pylist())):
        own = rows.filter(pc.equal(rows["building_id"], building_id))
        known = read_groups(paths, building_id)
        files.write_parquet(paths.groups(building_id), pa.concat_tables([known, own]))


def forget_households(paths: DataPaths, building_id: str, apartments: Collection[str]) -> None:
    """Replace households, and all that says something of their values, by random names.

    They still count as changed: a value without them is not published beside one with them.
    """
    known = read_groups(paths, building_id)
    gone = pa.array([household_of(building_id, name) for name in apartments], pa.string())
    own = pc.is_in(known["household"], gone)
    if not pc.any(own).as_py():
        return
    for name in ("household", "contribution"):
        random_names = pa.array([secrets.token_hex(32) for _ in range(known.num_rows)])
        column = pc.if_else(own, random_names, known[name])
        known = known.set_column(known.schema.get_field_index(name), name, column)
    files.write_parquet(paths.groups(building_id), known.cast(PUBLISHED_GROUPS))
