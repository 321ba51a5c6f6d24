"""Brings the new files of datasources from their drives and addresses into landing."""

from dataclasses import replace
from typing import Any

from include.core.settings import Settings
from include.registry import Run
from include.registry.rows import Datasource
from include.sources.sync import sync
from sensor_platform.channels import credential
from sensor_platform.operators.datasources_operator import DatasourcesOperator


class SyncOperator(DatasourcesOperator):
    """Copies what the ledger does not know and verifies it; skipped for planned and disabled
    datasources.
    """

    def step(self, context: Any, run: Run, datasource: Datasource) -> None:
        """See the operator. What arrives in a replay is kept as well."""
        kept = replace(run, settings=Settings.from_environment())
        is_restricted = datasource.building_id in run.registry.restricted
        for finding in sync(kept, datasource, credential, is_replay=run.settings.replay):
            self.log.warning("%s", finding.redacted if is_restricted else finding)
