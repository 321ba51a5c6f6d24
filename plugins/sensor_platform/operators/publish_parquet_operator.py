"""Builds, audits, promotes and uploads a release."""

from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from include.engines.timeseries.port import engine_used
from include.release.publish import publish
from sensor_platform.assets import PUBLIC_DATASET, READINGS
from sensor_platform.links import ReleaseLink
from sensor_platform.run_context import run_of


class PublishParquetOperator(BaseOperator):
    """Publishes what the archive holds, each publication apart; a run that would repeat the last
    releases publishes nothing and says so.
    """

    operator_extra_links = (ReleaseLink(),)

    def execute(self, context: Any) -> dict[str, str]:
        """Returns the version of each publication's new release."""
        run = run_of(context, READINGS)
        made_by = {"run_id": context["run_id"], **engine_used(run.settings)}
        new = publish(run, made_by)
        for name, release in new.items():
            self.log.info("published release %s of %s: %s", release.version, name, release.path)
        if not new:
            raise AirflowSkipException("nothing new: the last release stands")
        versions = {name: release.version for name, release in new.items()}
        context["outlet_events"][PUBLIC_DATASET].extra = {
            "as_of": run.as_of.isoformat(),
            "versions": versions,
        }
        return versions
