"""The quality gate: is a file plausible enough to become numbers, and is it as usual?

`row_count_min` and `row_count_max` of datasources_config.csv are loose, and refuse a file;
file_checks.csv says what is usual, and warns. It checks each file before the marts, so that a
broken export never mixes with good data. Duplicates of other files are not judged here: they are
only known once all exports of a month lie side by side. Empty cells refuse nothing
(docs/decisions/0044-empty-cells-refuse-nothing.md).
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from statistics import median

from include.ledger.ledger import FileVersion, Finding
from include.registry.rows import Datasource, FileCheck

LAST, FEWEST = 10, 3  # files that a row count is compared with, and how few will do


def judge(
    version: FileVersion,
    datasource: Datasource,
    skipped: Iterable[str] = (),
    checks: Collection[FileCheck] = (),
    rows_before: Sequence[int] = (),
    *,
    has_passed: bool = False,
) -> FileVersion:
    """The version with the gate's findings; refused if one of them is an error and not skipped.

    Args:
        version: as it was validated.
        datasource: whose file it is.
        skipped: checks that this run leaves out.
        checks: what is usual.
        rows_before: row counts of the datasource's last files before it.
        has_passed: it is in use, and is not refused any more.
    """
    if version.layout is None:
        return version
    usual = {row.check for row in checks}
    before = [f for f in version.findings if f.check not in usual or f.severity == "error"]
    findings = [
        finding
        for finding in (
            *(() if has_passed else _refusals(version, datasource)),
            *_warnings(version, checks, rows_before),
        )
        if finding.check not in skipped
    ]
    is_refused = any(finding.severity == "error" for finding in findings)
    return replace(
        version,
        findings=(*before, *findings),
        verdict="refused" if is_refused else version.verdict,
    )


class RowCounts:
    """Row counts of a datasource's readable files, in the order of their last readings; of a file
    that was replaced, its newest version's.
    """

    def __init__(self, versions: Iterable[FileVersion]) -> None:
        newest = {version.path: version for version in versions}.values()
        counts = sorted((v.last_reading, v.rows) for v in newest if v.last_reading is not None)
        self._last_readings = [last for last, _ in counts]
        self._rows = [rows for _, rows in counts]

    def before(self, version: FileVersion) -> list[int]:
        """Those of the last files that end before this one does."""
        if version.last_reading is None:
            return []
        at = bisect_left(self._last_readings, version.last_reading)
        return self._rows[max(0, at - LAST) : at]


def _refusals(version: FileVersion, datasource: Datasource) -> list[Finding]:
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


def _warnings(
    version: FileVersion, checks: Iterable[FileCheck], rows_before: Sequence[int]
) -> list[Finding]:
    findings = []
    for row in checks:
        value, what = _measured(row, version, rows_before)
        if (row.minimum or 0) <= value and (row.maximum is None or value <= row.maximum):
            continue
        cure = f"Check the file; or change the row of file_checks.csv, which says: {row.reason}"
        usual = " and ".join(
            f"{word} {bound:,g}"
            for word, bound in (("at least", row.minimum), ("at most", row.maximum))
            if bound is not None
        )
        message = f"{what}, {usual} is usual"
        findings.append(Finding(row.check, "warning", message, cure=cure))
    return findings


def _measured(
    row: FileCheck, version: FileVersion, rows_before: Sequence[int]
) -> tuple[float, str]:
    """What a check measures, as a number and in words; its minimum where it measures nothing."""
    if row.check == "null_pct":
        share = 100 * version.nulls / max(1, version.cells)
        return share, f"{share:.1f} % of the cells are empty"
    if row.check == "row_count":
        return version.rows, f"{version.rows:,} rows"
    if len(rows_before) < FEWEST:
        return row.minimum or 0, ""
    usual = median(rows_before)
    share = 100 * abs(version.rows - usual) / usual
    files = f"the last {len(rows_before)} files"
    return share, f"{version.rows:,} rows are {share:.0f} % off the median of {files} ({usual:,g})"
