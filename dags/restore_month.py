"""
### restore_month: months of readings, made again from their inputs and proven equal

**Produces** the asset `readings`: the named months of one building in `readings/` and `metrics/`,
with the bytes that the manifest remembers. Inputs come from landing, the state remote or the drive.
A month that differs from the stored one does not replace it: the run fails and names the month, and
the stored one is unchanged.

**Runs** by hand only, with `building` and `months`. `aggregate_and_publish` follows and checks its
archive.

**Re-run a day:** nothing here depends on a day.

**When it fails** `prove_and_store` names the month that differs from the stored one: its inputs or
the models are not those that it was built from. `refresh` rebuilds such months as a new revision.
Every message, and what to do: `docs/runbook.md`.
"""

from airflow.sdk import DAG, Param

from sensor_platform.cosmos.dbt_task_group import dbt_task_group, models_of_readings
from sensor_platform.dag_defaults import DAG_DEFAULTS
from sensor_platform.run_context import platform
from sensor_platform.tasks.restore_month import plan_restoration, prove_and_store

_, registry = platform()

with DAG(
    dag_id="restore_month",
    dag_display_name="restore_month: build a month again, and prove it",
    schedule=None,
    params={
        "building": Param(
            registry.buildings[0].building_id,
            type="string",
            enum=[row.building_id for row in registry.buildings],
            title="Building",
        ),
        # No default: Airflow's form then demands a value, and its API refuses a run without one.
        "months": Param(
            None,
            type="array",
            items={"type": "string", "pattern": r"^\d{4}-\d{2}$"},
            minItems=1,
            title="Months",
            description="such as 2026-01, one a line",
        ),
    },
    tags=["platform", "recovery"],
    doc_md=__doc__,
    **DAG_DEFAULTS,
) as dag:
    (
        plan_restoration()
        >> dbt_task_group("transform", select=models_of_readings(registry))
        >> prove_and_store()
    )
