"""
### maintain_platform: what runs that were killed have left

**Produces** nothing. Removes containers that carry the platform's label and are older than the run
that they belong to may become (six hours). Containers without our label, and those of runs that
live, are never touched.

**Runs** daily at 03:00 UTC. Run it by hand at any time.

**Re-run a day:** there is nothing to re-run; the next run finds what this one has missed.

**When it fails** a container could not be removed: the log names it, `docker rm --force` removes
it. Without a Docker daemon there is nothing to do, and the task is skipped. Every message,
and what to do: `docs/runbook.md`.
"""

from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable

from sensor_platform.dag_defaults import DAG_DEFAULTS
from sensor_platform.services import remove_expired_containers

with DAG(
    dag_id="maintain_platform",
    dag_display_name="maintain_platform: remove what killed runs have left",
    schedule=CronTriggerTimetable("0 3 * * *", timezone="UTC"),
    tags=["platform", "maintenance"],
    doc_md=__doc__,
    **DAG_DEFAULTS,
) as dag:
    remove_expired_containers()
