"""The step of `export`."""

import logging

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from include.core.errors import ConfigurationError
from include.privacy import export
from include.registry import Run
from include.registry.erased import place_of
from sensor_platform.run_context import as_of, platform

log = logging.getLogger(__name__)


@task
def export_place() -> str:
    """Write the zip, and log how many rows of each table are in it."""
    context = get_current_context()
    run = Run(*platform(), as_of(context))  # what is kept now, also as of an older day
    try:
        place = place_of(run.registry, str(context["params"]["place"]))
        written, rows = export.export(run, place)
    except ConfigurationError as error:
        raise AirflowFailException(str(error)) from error
    log.info("rows: %s", ", ".join(f"{name} {count:,}" for name, count in rows.items()))
    return str(written.relative_to(run.settings.paths.root))
