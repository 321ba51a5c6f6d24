"""
### refresh: drives → checked readings

**Produces** the asset `readings`: `DATA_DIR/readings/building_id=…/<month>.parquet`, one row per
reading, and the ledger of every file version ever seen.

**Runs** daily at 00:00 UTC, by the schedules of buildings that have one, and within minutes of a
new file on the drive of another. Run it by hand at any
time: it copies only what the ledger does not know and builds only the months whose inputs changed.

**Re-run a day:** trigger it with `as_of`, such as `2026-03-01`. With `building` it reads that one
alone.

**When it fails:** `report` lists the refused files, each with the line and what to do; the rest has
gone on without them. A red `sync` means a drive could not be read. Correct the file or the seed and
run again: nothing has to be cleaned up. Every message, and what to do: `docs/runbook.md`.
"""

from typing import Any

from airflow.sdk import DAG, TaskGroup
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.trigger import MultipleCronTriggerTimetable

from sensor_platform.assets import DRIVES
from sensor_platform.cosmos.dbt_task_group import dbt_task_group, models_of_readings
from sensor_platform.dag_defaults import DAG_DEFAULTS
from sensor_platform.operators.quality_gate_operator import QualityGateOperator
from sensor_platform.operators.sync_operator import SyncOperator
from sensor_platform.operators.validate_schema_operator import ValidateSchemaOperator
from sensor_platform.run_context import AS_OF_PARAM, BUILDING_PARAM, SKIP_PARAMS, platform
from sensor_platform.tasks.refresh import (
    plan_months,
    register_files,
    report,
    restore_state,
    store_readings,
)
from sensor_platform.tasks.sync_building_hierarchy import announce_hierarchy

_, registry = platform()
MOST_SHARES = 16
DAILY = "0 0 * * *"

with DAG(
    dag_id="refresh",
    dag_display_name="refresh: drives → readings",
    schedule=AssetOrTimeSchedule(
        timetable=MultipleCronTriggerTimetable(*registry.schedules(DAILY), timezone="UTC"),
        assets=DRIVES,  # type: ignore[arg-type]  # typed for the scheduler, not for authors
    ),
    params={"as_of": AS_OF_PARAM, "building": BUILDING_PARAM, **SKIP_PARAMS},
    tags=["platform", "ingest"],
    doc_md=__doc__,
    **DAG_DEFAULTS,
) as dag:
    restored = restore_state()
    registered = register_files()

    for name, datasources in registry.shares(MOST_SHARES).items():
        ids = [datasource.datasource_id for datasource in datasources]
        # a datasource goes on though the step before has failed for another of its share
        goes_on: Any = {"datasource_ids": ids, "trigger_rule": "one_done"}
        with TaskGroup(name, tooltip=", ".join(map(registry.title_of, datasources[:3]))) as ingest:
            (
                SyncOperator(task_id="sync", datasource_ids=ids, pool="drives")
                >> ValidateSchemaOperator(task_id="validate_schema", **goes_on)
                >> QualityGateOperator(task_id="quality_gate", **goes_on)
            )
        restored >> ingest >> registered

    transform = dbt_task_group("transform", select=models_of_readings(registry))

    planned, stored = plan_months(), store_readings()
    registered >> planned >> transform >> stored
    planned >> stored  # also where there is nothing to transform
    report(stored)  # type: ignore[arg-type]  # last: an input may have no copy left, or not add up
    restored >> announce_hierarchy()
