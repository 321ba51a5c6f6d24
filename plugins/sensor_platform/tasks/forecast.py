"""The step of `forecast`."""

import logging

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from include.forecasting.publish import issue
from sensor_platform.assets import FORECASTS, PUBLIC_DATASET
from sensor_platform.run_context import run_of

log = logging.getLogger(__name__)


@task(inlets=[PUBLIC_DATASET], outlets=[FORECASTS])
def issue_forecasts() -> list[str]:
    """Issue and publish what forecasts.csv asks for."""
    context = get_current_context()
    run = run_of(context, PUBLIC_DATASET)
    made = issue(run)
    if not made:
        raise AirflowSkipException("nothing new: the last forecasts stand")
    for one in made:
        log.info("forecast %s of %s: %s", one.name, one.building_id, one.path)
    context["outlet_events"][FORECASTS].extra = {"as_of": run.as_of.isoformat()}
    return [f"{one.building_id} {one.name}" for one in made]
