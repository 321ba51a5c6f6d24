"""
### export: everything that is kept of a place, for those who live there

**Produces** a zip below `exports/` in `DATA_DIR`: the place's files as they were received, and its
readings, facts and aggregates of all months as Parquet and CSV. It is not sent anywhere: hand it
over, then delete it. `erase` deletes it as well.

**Runs** by hand only, with `place`: the id of a node of `building_hierarchy.csv`, such as an
apartment.

**Re-run a day:** nothing here depends on a day; each day has a zip of its own.

**When it fails** nothing was written: the log says which file is missing, or that files of the
place hold other places as well. Every message, and what to do: `docs/runbook.md`.
"""

from airflow.sdk import DAG

from sensor_platform.dag_defaults import DAG_DEFAULTS
from sensor_platform.run_context import PLACE_PARAM
from sensor_platform.tasks.export import export_place

with DAG(
    dag_id="export",
    dag_display_name="export: a place, for those who live there",
    schedule=None,
    params={"place": PLACE_PARAM},
    tags=["platform", "privacy"],
    doc_md=__doc__,
    **DAG_DEFAULTS,
) as dag:
    export_place()
