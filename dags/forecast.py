"""
### forecast: what is expected of series, with what it is worth

**Produces** the asset `forecasts`: for each building with rows in `forecasts.csv` the next hours of
its series, with intervals, the method that is served, how far each method was off in the weeks
before, and what came of the last week's forecasts. Published beside the releases, in
`forecasts/<building>/`, and never in them.

**Runs** when a release was published. Equal inputs make no new forecast.

**Re-run a day:** a day before the newest release is a replay, which issues nothing: what was issued
stays as it was.

**When it fails** the last forecast stands, and releases are not touched. Without the extra
`forecast` the baselines are served. Every message, and what to do: `docs/runbook.md`.
"""

from airflow.sdk import DAG

from sensor_platform.assets import PUBLIC_DATASET
from sensor_platform.dag_defaults import DAG_DEFAULTS
from sensor_platform.run_context import AS_OF_PARAM
from sensor_platform.tasks.forecast import issue_forecasts

with DAG(
    dag_id="forecast",
    dag_display_name="forecast: what is expected, with what it is worth",
    schedule=PUBLIC_DATASET,
    params={"as_of": AS_OF_PARAM},
    tags=["platform", "forecasts"],
    doc_md=__doc__,
    **DAG_DEFAULTS,
) as dag:
    issue_forecasts()
