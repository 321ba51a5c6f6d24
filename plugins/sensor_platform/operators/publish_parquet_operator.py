"""Builds, audits, promotes and uploads a release."""

from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from include.core.masking import mask
from include.engines.timeseries.port import engine_used
from include.release.publish import publish
from sensor_platform.assets import PUBLIC_DATASET, READINGS
from sensor_platform.links import ReleaseLink
from sensor_platform.run_context import run_of


class PublishParquetOperator(BaseOperator):
    """Publishes what the archive holds; a run that would repeat the last release publishes nothing
    and says so.
    """

    operator_extra_links = (ReleaseLink(),)

    def execute(self, context: Any) -> str:
        run = run_of(context, READINGS)
        made_by = {"run_id": context["run_id"], **engine_used(run.settings)}
        release = publish(run, made_by)
        if release is None:
            raise AirflowSkipException("nothing new: the last release stands")
        self.log.info(
            "published release %s: %s and %s",
            release.version,
            release.path,
            mask(f"{run.settings.publish_remote}/releases"),
        )
        context["outlet_events"][PUBLIC_DATASET].extra = {
            "as_of": run.as_of.isoformat(),
            "version": release.version,
        }
        return release.version
