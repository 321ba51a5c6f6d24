"""The quality gate: is a file plausible enough to become numbers? Thresholds are cells of
datasources_config.csv.

It checks each file alone, before the marts, so that a broken export never mixes with good data.
Duplicates are not judged here: they are only known once all exports of a month lie side by side.
Empty cells refuse nothing: they are an incident of their sensor
(include/monitoring/checks/nulls.sql).
"""

from collections.abc import Iterable
from dataclasses import replace

from include.ledger.ledger import FileVersion, Finding
from include.registry.rows import Datasource


def judge(version: FileVersion, datasource: Datasource, skipped: Iterable[str] = ()) -> FileVersion:
    """The version with the gate's findings; refused if one of them is an error and not skipped."""
    if version.layout is None:
        return version
    findings = [
        finding for finding in _findings(version, datasource) if finding.check not in skipped
    ]
    return replace(
        version,
        findings=(*version.findings, *findings),
        verdict="refused" if findings else version.verdict,
    )


def _findings(version: FileVersion, datasource: Datasource) -> list[Finding]:
    if datasource.row_count_min <= version.rows <= datasource.row_count_max:
        return []
    message = (
        f"{version.rows:,} rows, {datasource.row_count_min:,} to {datasource.row_count_max:,} are"
        " allowed"
    )
    return [
        Finding(
            "row_count",
            "error",
            message,
            cure=(
                "Export the usual range; or change row_count_min and row_count_max in"
                " datasources_config.csv"
            ),
        )
    ]
