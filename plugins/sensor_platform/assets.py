"""The data products that wake DAGs, named once. Events carry `as_of`; what there is to do, the files decide."""

from airflow.sdk import Asset, AssetWatcher

from sensor_platform.triggers.new_files_trigger import watch_drives


def _product(name: str, group: str, holds: str, where: str, watchers: list[AssetWatcher] | None = None) -> Asset:
    """`where` is below DATA_DIR, unless it says otherwise."""
    return Asset(name=name, uri=f"platform://{name}", group=group, extra={"holds": holds, "where": where}, watchers=watchers or [])


DRIVES = _product(
    "drives", "inputs", "files as the buildings leave them", "each datasource's location", [AssetWatcher(name="new_files", trigger=watch_drives())]
)
READINGS = _product("readings", "marts", "one row per reading, checked and in UTC, by month", "readings/")
PUBLIC_DATASET = _product("public_dataset", "releases", "the newest release: tables, schema, lineage, checksums", "releases/latest/")
HIERARCHY_SEEDS = _product("hierarchy_seeds", "seeds", "the building's structure as rows", "include/dbt/seeds, in the repository")
HIERARCHY = _product("hierarchy", "marts", "the building's tree and its adjacent zones", "hierarchy/")
