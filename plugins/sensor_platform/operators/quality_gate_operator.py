"""Stops implausible files before they become numbers."""

from typing import Any

from airflow.sdk import BaseOperator

from include.ingest.register import pass_gate
from sensor_platform.links import QuarantineLink
from sensor_platform.run_context import platform, skipped_checks


class QualityGateOperator(BaseOperator):
    """Row counts and empty cells of each readable file, against what its datasource declares."""

    template_fields = ("datasource_id",)
    operator_extra_links = (QuarantineLink(),)

    def __init__(self, *, datasource_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.datasource_id = datasource_id

    def execute(self, context: Any) -> None:
        settings, registry = platform()
        judged = pass_gate(
            settings, registry, registry.datasource(self.datasource_id), skipped_checks(context)
        )
        self.log.info(
            "file versions judged: %d; accepted: %d",
            len(judged),
            sum(version.verdict == "accepted" for version in judged),
        )
        for version in judged:
            if version.verdict == "refused":
                self.log.warning("%s is refused: %s", version.path, "; ".join(version.reasons))
