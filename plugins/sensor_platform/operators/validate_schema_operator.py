"""Validates arrived files against the declared schema and lands them as text Parquet."""

from typing import Any

from airflow.sdk import BaseOperator

from include.ingest.register import validate_arrivals
from sensor_platform.links import QuarantineLink
from sensor_platform.run_context import run_of, skipped_checks


class ValidateSchemaOperator(BaseOperator):
    """Gives each arrived file version a verdict: encoding, dialect, header, date order, columns."""

    template_fields = ("datasource_id",)
    operator_extra_links = (QuarantineLink(),)

    def __init__(self, *, datasource_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.datasource_id = datasource_id

    def execute(self, context: Any) -> None:
        run = run_of(context)
        judged = validate_arrivals(
            run, run.registry.datasource(self.datasource_id), skipped_checks(context)
        )
        accepted = [version for version in judged if version.verdict == "accepted"]
        self.log.info(
            "file versions judged: %d; accepted: %d, with %s rows",
            len(judged),
            len(accepted),
            f"{sum(version.rows for version in accepted):,}",
        )
        for version in judged:
            for finding in version.findings:
                self.log.warning("%s: %s", version.path, finding)
