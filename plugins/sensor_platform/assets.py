"""The data products that wake DAGs, named once. Events carry `as_of`; what there is to do, the files decide."""

from pathlib import Path

from airflow.sdk import Asset, AssetWatcher

from include.settings import Settings
from sensor_platform.triggers.new_files_trigger import watch_drives

settings = Settings.from_environment()


def _product(name: str, group: str, holds: str, place: Path) -> Asset:
    """OpenLineage knows it by the same place."""
    return Asset(name=name, uri=place.as_uri(), group=group, extra={"holds": holds})


DRIVES = Asset(
    name="drives",
    uri="platform://drives",
    group="inputs",
    extra={"holds": "files as the buildings leave them; each datasource names its location"},
    watchers=[AssetWatcher(name="new_files", trigger=watch_drives())],
)
READINGS = _product("readings", "marts", "one row per reading, checked and in UTC, by month", settings.paths.readings)
PUBLIC_DATASET = _product("public_dataset", "releases", "the newest release: tables, schema, lineage, checksums", settings.paths.latest)
HIERARCHY_SEEDS = _product("hierarchy_seeds", "seeds", "the building's structure as rows", settings.seeds_dir)
HIERARCHY = _product("hierarchy", "marts", "the building's tree and its adjacent zones", settings.paths.hierarchy)
