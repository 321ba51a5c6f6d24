"""Brings a datasource's new files from its drive into landing."""

from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from include.sources.sync import sync
from sensor_platform.run_context import platform


class SyncOperator(BaseOperator):
    """Copies what the ledger does not know and verifies it; skipped for planned and disabled
    datasources.
    """

    template_fields = ("datasource_id",)

    def __init__(self, *, datasource_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.datasource_id = datasource_id

    def execute(self, context: Any) -> None:
        settings, registry = platform()
        datasource = registry.datasource(self.datasource_id)
        if why := registry.why_not_read(datasource):
            raise AirflowSkipException(why)
        for finding in sync(settings, datasource, registry.neighbours_of(datasource)):
            self.log.warning("%s", finding)
