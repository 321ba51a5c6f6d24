"""Brings the new files of datasources from their drives into landing."""

from typing import Any

from include.core.settings import Settings
from include.registry import Registry
from include.registry.rows import Datasource
from include.sources.sync import sync
from sensor_platform.operators.datasources_operator import DatasourcesOperator


class SyncOperator(DatasourcesOperator):
    """Copies what the ledger does not know and verifies it; skipped for planned and disabled
    datasources.
    """

    def step(self, context: Any, registry: Registry, datasource: Datasource) -> None:
        """See the operator."""
        settings = Settings.from_environment()
        is_restricted = datasource.building_id in registry.restricted
        for finding in sync(settings, datasource, registry.neighbours_of(datasource)):
            self.log.warning("%s", finding.redacted if is_restricted else finding)
