"""Validates arrived files against the declared schema and lands them as text Parquet."""

from typing import Any

from include.core.settings import Settings
from include.ingest.register import is_synced, validate_arrivals
from include.ledger.ledger import redact
from include.registry import Run
from include.registry.rows import Datasource
from sensor_platform.links import QuarantineLink
from sensor_platform.operators.datasources_operator import DatasourcesOperator
from sensor_platform.run_context import skipped_checks


class ValidateSchemaOperator(DatasourcesOperator):
    """Gives each arrived file version a verdict: encoding, dialect, header, date order, columns."""

    operator_extra_links = (QuarantineLink(),)

    def why_not_yet(self, datasource: Datasource) -> str:
        """See the base."""
        if is_synced(Settings.from_environment(), datasource):
            return ""
        return f"{datasource.datasource_id}: its files were not listed; the task before says why"

    def step(self, context: Any, run: Run, datasource: Datasource) -> None:
        """See the operator."""
        judged = validate_arrivals(run, datasource, skipped_checks(context))
        accepted = [version for version in judged if version.verdict == "accepted"]
        self.log.info(
            "file versions judged: %d; accepted: %d, with %s rows",
            len(judged),
            len(accepted),
            f"{sum(version.rows for version in accepted):,}",
        )
        for version in redact(judged, run.registry.restricted):
            for finding in version.findings:
                self.log.warning("%s: %s", version.path, finding)
