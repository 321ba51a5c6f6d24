"""What changed from one release to another, from what both wrote down of themselves."""

from pathlib import Path
from typing import Any

from include.contract.tables import file_of
from include.core import files

HISTORY = "history"  # the readings of all months
Months = dict[tuple[str, str], dict[str, Any]]


def changes_of(folder: Path, since: Path) -> list[dict[str, Any]]:
    """The tables of two releases: whether their bytes are others, and which months of a building
    were added, changed or withdrawn. Months are known of aggregates and of the history.
    """
    now, before = (_months(path) for path in (folder, since))
    sums, old_sums = (_sums(path) for path in (folder, since))
    tables = []
    for name in sorted(sums.keys() | old_sums.keys()):
        tables.append(
            {
                "table": name.removesuffix(".parquet"),
                "is_changed": sums.get(name) != old_sums.get(name),
                **_compared(now.get(name, {}), before.get(name, {})),
            }
        )
    found = _compared(now.get(HISTORY, {}), before.get(HISTORY, {}))
    return [*tables, {"table": HISTORY, "is_changed": any(found.values()), **found}]


def _sums(folder: Path) -> dict[str, str]:
    """The checksums of the tables of a release."""
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    pairs = (line.split("  ") for line in lines)
    return {name: digest for digest, name in pairs if name.endswith(".parquet")}


def _months(folder: Path) -> dict[str, Months]:
    """Rows and checksum of each building's month, by table."""
    lineage = files.read_json(folder / "lineage.json")
    found: dict[str, Months] = {}
    for row in lineage["archive"]:
        if row["rows"]:  # a week that is not over has none
            table = file_of(f"agg_{row['grain']}")
            found.setdefault(table, {})[row["building_id"], row["month"]] = row
    for row in lineage[HISTORY]:
        found.setdefault(HISTORY, {})[row["building_id"], row["month"]] = row
    return found


def _compared(now: Months, before: Months) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {"added": [], "changed": [], "withdrawn": []}
    for key in sorted(now.keys() | before.keys()):
        new, old = now.get(key), before.get(key)
        rows = new and new["rows"], old and old["rows"]
        row = dict(zip(("building_id", "month", "rows", "rows_before"), (*key, *rows), strict=True))
        if old is None:
            found["added"].append(row)
        elif new is None:
            found["withdrawn"].append(row)
        elif new["sha256"] != old["sha256"]:
            found["changed"].append(row)
    return found
