"""
### monitor_quality: problems of sensors, files and runs, and who is notified

**Produces** `findings/health.json`: one entry for each incident, with building, sensors, period,
evidence and what to do; new, ongoing or resolved. Sensors that are frozen, silent, repeat one
another, or have gaps or impossible values; drives that could not be read; files that came late or
are rejected; runs that failed or are overdue. With the connection `sensor_platform_mail` errors are
mailed at once, the rest as a digest once a day; with `sensor_platform_issues` each incident becomes
a GitHub issue, closed when it is resolved.

**Runs** when readings change, and daily at 06:00 UTC: a dead drive makes no readings. It stops no
publication.

**Re-run a day:** trigger it with `as_of`; a day before the newest release is checked and changes
nothing.

**To silence** a cause add a row to `include/dbt/seeds/health/silences.csv`, with an owner, a reason
and an end.

**When it fails** a red `run_health_checks` names what it could not read; a red `notify_…` says what
was not sent, and the next run sends it. Checks and their thresholds: `docs/health.md`. Every
message, and what to do: `docs/runbook.md`.
"""

from airflow.sdk import DAG
from airflow.timetables.assets import AssetOrTimeSchedule
from airflow.timetables.trigger import CronTriggerTimetable

from sensor_platform.assets import READINGS
from sensor_platform.dag_defaults import DAG_DEFAULTS
from sensor_platform.run_context import AS_OF_PARAM
from sensor_platform.tasks.monitor_quality import notify_by_issue, notify_by_mail, run_health_checks

with DAG(
    dag_id="monitor_quality",
    dag_display_name="monitor_quality: problems, and who is notified",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 6 * * *", timezone="UTC"),
        assets=READINGS,  # type: ignore[arg-type]  # typed for the scheduler, not for authors
    ),
    params={"as_of": AS_OF_PARAM},
    tags=["platform", "health"],
    doc_md=__doc__,
    **DAG_DEFAULTS,
) as dag:
    run_health_checks() >> [notify_by_mail(), notify_by_issue()]
