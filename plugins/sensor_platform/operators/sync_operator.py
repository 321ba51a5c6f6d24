"""Brings the new files of datasources from their drives and addresses into landing."""

from typing import Any

from include.core.settings import Settings
from include.registry import Registry, Run
from include.registry.rows import Datasource
from include.release.release import settings_at
from include.sources.sync import sync
from sensor_platform.channels import credential
from sensor_platform.operators.datasources_operator import DatasourcesOperator
from sensor_platform.run_context import as_of


class SyncOperator(DatasourcesOperator):
    """Copies what the ledger does not know and verifies it; skipped for planned and disabled
    datasources.
    """

    def step(self, context: Any, registry: Registry, datasource: Datasource) -> None:
        """See the operator."""
        settings, now = Settings.from_environment(), as_of(context)
        run, is_replay = Run(settings, registry, now), settings_at(settings, now).replay
        is_restricted = datasource.building_id in registry.restricted
        for finding in sync(run, datasource, credential, is_replay=is_replay):
            self.log.warning("%s", finding.redacted if is_restricted else finding)
