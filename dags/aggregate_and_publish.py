"""
### aggregate_and_publish: readings → public dataset

**Produces** the asset `public_dataset`: `DATA_DIR/releases/<version>/` with hourly, daily, weekly
and monthly aggregates, readings of the floating window, dimensions, schema, lineage, checksums and
README; `releases/latest` and
`latest.json` on the publish remote name the newest.

**Runs** when `refresh` has updated the asset `readings`. Run it by hand at any time: what is
archived and published already is not made again.

**Re-run a day:** trigger `refresh` with `as_of`. A day before the newest release is built beside it
and replaces nothing. With `building` only that one is aggregated, and only releases are made that
hold no other.

The group `influxdb` computes in a container of the run if `TIMESERIES_ENGINE=influxdb`, and
`aggregate` is skipped, or computes what InfluxDB could not. Otherwise the group is skipped: dbt
computes on DuckDB.

**When it fails** the last release stands and stays `latest`. `merge_archive` fails when a month
with unchanged inputs differs from the archived one; `publish` fails when the audit finds a
difference or the remote cannot be written. Run it again once the cause is gone. Every message, and
what to do: `docs/runbook.md`.
"""

from airflow.sdk import DAG

from include.core.settings import Settings
from include.engines.registry import timeseries_service
from sensor_platform.assets import HIERARCHY, PUBLIC_DATASET, READINGS
from sensor_platform.cosmos.dbt_task_group import dbt_task_group
from sensor_platform.dag_defaults import DAG_DEFAULTS
from sensor_platform.operators.publish_parquet_operator import PublishParquetOperator
from sensor_platform.run_context import AS_OF_PARAM, BUILDING_PARAM
from sensor_platform.services import engine_group
from sensor_platform.tasks.aggregate_and_publish import (
    aggregate_in_engine,
    merge_archive,
    plan_windows,
)

with DAG(
    dag_id="aggregate_and_publish",
    dag_display_name="aggregate_and_publish: readings → public dataset",
    schedule=[READINGS],
    params={"as_of": AS_OF_PARAM, "building": BUILDING_PARAM},
    tags=["platform", "publish"],
    doc_md=__doc__,
    **DAG_DEFAULTS,
) as dag:
    engine = engine_group(timeseries_service(Settings.from_environment()), use=aggregate_in_engine)
    aggregate = dbt_task_group("aggregate", select=["path:models/3_aggregations"])
    publish = PublishParquetOperator(
        task_id="publish",
        inlets=[READINGS, HIERARCHY],
        outlets=[PUBLIC_DATASET],
        trigger_rule="none_failed",
    )

    planned = plan_windows()
    merged = merge_archive(planned)  # type: ignore[arg-type]  # typed for the task, not for its author
    planned >> engine >> aggregate >> merged >> publish
