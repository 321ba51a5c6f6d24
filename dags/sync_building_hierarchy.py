"""
### sync_building_hierarchy: the building as a graph

**Produces** the asset `hierarchy`: `public_dataset_hierarchy` (every building, floor, zone, room and sensor with the path
that leads to it) and `public_dataset_adjacency` (zones that touch), which the next release publishes.

**Runs** when the seeds of the hierarchy have changed, and on Saturdays at 02:00 UTC. Run it by hand at any time: the
same seeds give the same bytes.

**Re-run a day:** the hierarchy holds all periods; there is nothing to re-run.

**When it fails** the last hierarchy stays in place. `check_seeds` names file, line, column and cure. A graph service that
cannot be had fails nothing: the embedded engine takes its place. Every message and its cure: `docs/runbook.md`.
"""

from airflow.sdk import DAG
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.trigger import CronTriggerTimetable

from include.core.settings import Settings
from include.engines.services import neo4j
from sensor_platform.assets import HIERARCHY_SEEDS
from sensor_platform.dag_defaults import DAG_DEFAULTS
from sensor_platform.services import service_group
from sensor_platform.tasks.sync_building_hierarchy import build_in_ladybug, build_in_neo4j, check_seeds

settings = Settings.from_environment()

with DAG(
    dag_id="sync_building_hierarchy",
    dag_display_name="sync_building_hierarchy: seeds → hierarchy",
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("0 2 * * 6", timezone="UTC"), assets=HIERARCHY_SEEDS),  # type: ignore[arg-type]  # typed for the scheduler, not for authors
    tags=["platform", "hierarchy"],
    doc_md=__doc__,
    **DAG_DEFAULTS,
) as dag:
    checked = check_seeds()
    if settings.graph_engine == "service":
        checked >> service_group(neo4j(settings.neo4j_image), use=build_in_neo4j)
    else:
        checked >> build_in_ladybug()
