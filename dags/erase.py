"""
### erase: a place, taken out of everything for good

**Produces** the assets `readings` and `public_dataset` without the place: its files, readings,
facts and aggregates are removed, releases that held it are withdrawn, and older copies are deleted
on the remotes. A tombstone (a hash and a date) keeps its files from being read again, on any
machine.

**Runs** by hand only, with `place`: the id of a node of `building_hierarchy.csv`, such as an
apartment. Let nothing else run meanwhile.

**Re-run a day:** run it again until it is green; each step goes on where the last one stopped.

**When it fails** before `publish`, readers still have the last release, and nothing of the place is
read any more. `prove` names the files that still hold something. The files on the source drive
stay: they are their owner's. Every message, and what to do: `docs/runbook.md`.
"""

from airflow.sdk import DAG

from include.core.settings import Settings
from include.engines.registry import timeseries_service
from sensor_platform.assets import HIERARCHY, PUBLIC_DATASET, READINGS
from sensor_platform.cosmos.dbt_task_group import dbt_task_group, models_of_readings
from sensor_platform.dag_defaults import DAG_DEFAULTS
from sensor_platform.operators.publish_parquet_operator import PublishParquetOperator
from sensor_platform.run_context import PLACE_PARAM, platform
from sensor_platform.services import engine_group
from sensor_platform.tasks.aggregate_and_publish import (
    aggregate_in_engine,
    merge_archive,
    plan_windows,
)
from sensor_platform.tasks.erase import forget_inputs, prove, withdraw_and_sweep
from sensor_platform.tasks.refresh import plan_months, store_readings

_, registry = platform()

with DAG(
    dag_id="erase",
    dag_display_name="erase: a place, taken out for good",
    schedule=None,
    params={"place": PLACE_PARAM},
    tags=["platform", "privacy"],
    doc_md=__doc__,
    **DAG_DEFAULTS,
) as dag:
    transform = dbt_task_group("transform", select=models_of_readings(registry))
    engine = engine_group(timeseries_service(Settings.from_environment()), use=aggregate_in_engine)
    aggregate = dbt_task_group("aggregate", select=["path:models/3_aggregations"])
    publish = PublishParquetOperator(
        task_id="publish",
        inlets=[READINGS, HIERARCHY],
        outlets=[PUBLIC_DATASET],
        trigger_rule="none_failed",
    )

    planned, stored = plan_months(), store_readings()
    forget_inputs() >> planned >> transform >> stored
    planned >> stored  # also where there is nothing to transform

    windows = plan_windows()
    merged = merge_archive(windows)  # type: ignore[arg-type]  # typed for the task, not for its author
    stored >> windows >> engine >> aggregate >> merged >> publish
    publish >> withdraw_and_sweep() >> prove()
