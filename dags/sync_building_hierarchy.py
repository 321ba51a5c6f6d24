"""
### sync_building_hierarchy: the building as a graph

**Produces** the asset `hierarchy`: `public_dataset_hierarchy` (every building, floor, zone, room
and sensor with the path that leads to it) and `public_dataset_adjacency` (zones that touch), which
the next release publishes.

**Runs** when the seeds of the hierarchy have changed, and on Saturdays at 02:00 UTC. Run it by hand
at any time: the same seeds give the same bytes.

**Re-run a day:** the hierarchy holds all periods; there is nothing to re-run.

**When it fails** the last hierarchy stays in place. `check_seeds` names file, line, column and
what to do. A graph server that is unavailable fails nothing: Ladybug, the embedded engine, computes
instead. Every message, and what to do: `docs/runbook.md`.
"""

from airflow.sdk import DAG
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.trigger import CronTriggerTimetable

from include.core.settings import Settings
from include.engines.registry import graph_service
from sensor_platform.assets import HIERARCHY_SEEDS
from sensor_platform.dag_defaults import DAG_DEFAULTS
from sensor_platform.services import engine_group
from sensor_platform.tasks.sync_building_hierarchy import (
    build_hierarchy,
    build_in_engine,
    check_seeds,
)

with DAG(
    dag_id="sync_building_hierarchy",
    dag_display_name="sync_building_hierarchy: seeds → hierarchy",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 2 * * 6", timezone="UTC"),
        assets=HIERARCHY_SEEDS,  # type: ignore[arg-type]  # typed for the scheduler, not for authors
    ),
    tags=["platform", "hierarchy"],
    doc_md=__doc__,
    **DAG_DEFAULTS,
) as dag:
    engine = engine_group(graph_service(Settings.from_environment()), use=build_in_engine)
    check_seeds() >> engine >> build_hierarchy()
