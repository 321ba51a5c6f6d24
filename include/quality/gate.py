"""The quality gate: is an accepted file plausible enough to become numbers? Thresholds are cells of datasources_config.csv.

It looks at each file alone, before the marts, so that a broken export never mixes with good data. Duplicates are not
judged here: they are only known once times are UTC and all exports of a month lie side by side.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from include.ingest.ledger import FileVersion, Finding
from include.local_time import to_utc
from include.registry.rows import Datasource

# A device's clock may run ahead of ours, and exports name the hour that has begun.
CLOCK_TOLERANCE = timedelta(hours=2)


def judge(version: FileVersion, datasource: Datasource, as_of: datetime, skipped: Iterable[str] = ()) -> FileVersion:
    """The version with the gate's findings; refused if one of them is an error and not skipped."""
    if version.layout is None:
        return version
    findings = [finding for finding in _findings(version, datasource, as_of) if finding.check not in skipped]
    errors = any(finding.severity == "error" for finding in findings)
    return replace(version, findings=(*version.findings, *findings), verdict="refused" if errors else version.verdict)


def _findings(version: FileVersion, datasource: Datasource, as_of: datetime) -> list[Finding]:
    findings = []
    null_pct = 100 * version.nulls / version.cells if version.cells else 100.0
    if null_pct > datasource.max_null_pct:
        findings.append(
            Finding("null_share", "error", f"{null_pct:.1f} % of the cells are empty, {datasource.max_null_pct:g} % are allowed",
                    cure="Look at the sensor; or raise max_null_pct in datasources_config.csv")
        )  # fmt: skip
    if not datasource.row_count_min <= version.rows <= datasource.row_count_max:
        findings.append(
            Finding("row_count", "error", f"{version.rows:,} rows, {datasource.row_count_min:,} to {datasource.row_count_max:,} are allowed",
                    cure="Export the usual range; or change row_count_min and row_count_max in datasources_config.csv")
        )  # fmt: skip
    assert version.last_reading is not None
    last = to_utc(version.last_reading, datasource.timezone)
    if last > as_of + CLOCK_TOLERANCE:
        findings.append(
            Finding("future_dates", "error", f"readings up to {last:%Y-%m-%d %H:%M} UTC, and it is {as_of:%Y-%m-%d %H:%M}",
                    cure="Set the device's clock; a file that is merely early is taken by a later run")
        )  # fmt: skip
    return findings
