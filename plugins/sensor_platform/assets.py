"""The data products that wake DAGs, named once. Events carry `as_of`; what there is to do, the files decide."""

from airflow.sdk import Asset, AssetWatcher

from sensor_platform.triggers.new_files_trigger import watch_drives

DRIVES = Asset(name="drives", uri="platform://drives", group="inputs", watchers=[AssetWatcher(name="new_files", trigger=watch_drives())])
READINGS = Asset(name="readings", uri="platform://readings", group="marts")
PUBLIC_DATASET = Asset(name="public_dataset", uri="platform://public_dataset", group="releases")
HIERARCHY_SEEDS = Asset(name="hierarchy_seeds", uri="platform://hierarchy_seeds", group="seeds")
HIERARCHY = Asset(name="hierarchy", uri="platform://hierarchy", group="marts")
