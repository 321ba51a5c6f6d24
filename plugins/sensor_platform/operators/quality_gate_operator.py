"""Stops implausible files before they become numbers."""

from typing import Any

from include.core.settings import Settings
from include.ingest.register import is_validated, pass_gate
from include.ledger.ledger import redact
from include.registry import Run
from include.registry.rows import Datasource
from sensor_platform.links import QuarantineLink
from sensor_platform.operators.datasources_operator import DatasourcesOperator
from sensor_platform.run_context import skipped_checks


class QualityGateOperator(DatasourcesOperator):
    """Row counts and empty cells of each readable file, against what its datasource declares."""

    operator_extra_links = (QuarantineLink(),)

    def why_not_yet(self, datasource: Datasource) -> str:
        """See the base."""
        if is_validated(Settings.from_environment(), datasource):
            return ""
        return f"{datasource.datasource_id}: its files were not validated; a task before says why"

    def step(self, context: Any, run: Run, datasource: Datasource) -> None:
        """See the operator."""
        judged = pass_gate(
            Settings.from_environment(), run.registry, datasource, skipped_checks(context)
        )
        self.log.info(
            "file versions judged: %d; accepted: %d",
            len(judged),
            sum(version.verdict == "accepted" for version in judged),
        )
        for version in redact(judged, run.registry.restricted):
            if version.verdict == "refused":
                self.log.warning("%s is refused: %s", version.path, "; ".join(version.reasons))
