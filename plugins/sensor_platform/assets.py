"""The data products that trigger DAGs, named once.

Events carry `as_of`; the files determine the work.
"""

from airflow.sdk import Asset, AssetWatcher

from sensor_platform.triggers.new_files_trigger import watch_drives

# The host is a name, not a machine: Airflow's database remembers the URI of an asset, and DATA_DIR
# may move with it.
# `file` is the scheme that Airflow's provider translates for OpenLineage.
NAMESPACE = "file://building-sensor-platform"


def _product(name: str, group: str, holds: str) -> Asset:
    return Asset(name=name, uri=f"{NAMESPACE}/{name}", group=group, extra={"holds": holds})


DRIVES = Asset(
    name="drives",
    uri="platform://drives",
    group="inputs",
    extra={"holds": "files as the buildings leave them; each datasource names its location"},
    watchers=[AssetWatcher(name="new_files", trigger=watch_drives())],
)
READINGS = _product("readings", "marts", "one row per reading, checked and in UTC, by month")
PUBLIC_DATASET = _product(
    "public_dataset", "releases", "the newest release: tables, schema, lineage, checksums"
)
FORECASTS = _product("forecasts", "releases", "what is expected of series, beside the releases")
HIERARCHY_SEEDS = _product("hierarchy_seeds", "seeds", "the building's structure as rows")
HIERARCHY = _product("hierarchy", "marts", "the building's tree and its adjacent zones")
