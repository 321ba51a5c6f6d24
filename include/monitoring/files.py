"""What is wrong with files: inputs that are late, refused, contradicted or hold names that no seed knows; ours that were damaged."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from include import files
from include.ingest.ledger import FileVersion, Ledger
from include.monitoring.causes import Cause, named
from include.monitoring.format_change import format_change
from include.monitoring.rules import Rules
from include.monitoring.unknown_names import unknown_names
from include.plain_text import some
from include.publishing.readings import read_accounting
from include.registry import Registry
from include.settings import Settings

TOLD_FOR = timedelta(days=30)


def causes_in_files(settings: Settings, registry: Registry, rules: Rules, starts: Mapping[str, datetime], as_of: datetime) -> list[Cause]:
    """Causes of the file versions that came since their building's start; a refusal counts however old it is."""
    ledger, accounting = Ledger.read(settings.paths.ledger), read_accounting(settings).to_pylist()
    versions = [version for version in ledger.versions if version.building_id in starts]
    recent = [version for version in versions if starts[version.building_id] <= version.first_seen <= as_of]
    refused = [version for version in ledger.refused() if version.building_id in starts]
    found = (
        *_refused(settings, registry, refused, rules, as_of),
        *_late(versions, recent, registry, rules),
        *unknown_names(registry, versions, recent, accounting),
        *_conflicting(recent, accounting),
    )
    return [named(cause, rules) for cause in found]


def _refused(settings: Settings, registry: Registry, refused: list[FileVersion], rules: Rules, as_of: datetime) -> Iterator[Cause]:
    """A refused file is told at once, as a warning; as an error once it has waited too long."""
    patience = timedelta(hours=rules.parameters["quarantine_hours"])
    for version in refused:
        yield Cause(
            check="quarantine",
            severity="error" if as_of - version.first_seen >= patience else "warning",
            since=version.first_seen,
            until=max(as_of, version.first_seen),
            evidence=some(version.reasons, separator="; "),
            building_id=version.building_id,
            sources=(version.datasource_id,),
            key=version.path,
            detail=format_change(settings, registry, version),
        )


def _late(versions: list[FileVersion], recent: list[FileVersion], registry: Registry, rules: Rules) -> Iterator[Cause]:
    """A file whose last reading was days old when it was first seen, though its datasource was already delivering."""
    begun: dict[str, datetime] = {}
    for version in versions:
        begun[version.datasource_id] = min(version.first_seen, begun.get(version.datasource_id, version.first_seen))
    for version in recent:
        if version.verdict != "accepted" or version.last_reading is None or version.first_seen == begun[version.datasource_id]:
            continue
        age = version.first_seen - version.last_reading
        if age > timedelta(days=rules.parameters["late_file_days"]):
            yield _of_file("late_file", version, f"its last reading is {age.days} days older than its arrival")


def _conflicting(recent: list[FileVersion], accounting: list[dict[str, Any]]) -> Iterator[Cause]:
    """Files some of whose readings a later export contradicts; both are kept, the later one counts."""
    superseded: Counter[int] = Counter()
    for row in accounting:
        superseded[row["source_file"]] += row["superseded"]
    for version in recent:
        if count := superseded[version.number]:
            yield _of_file("conflicting_exports", version, f"{count:,} of its readings have another value in a later export, which counts")


def _of_file(check: str, version: FileVersion, evidence: str) -> Cause:
    return Cause(
        check=check,
        severity="warning",
        since=version.first_seen,
        until=version.first_seen,
        evidence=evidence,
        building_id=version.building_id,
        sources=(version.datasource_id,),
        key=version.path,
    )


def healed_files(settings: Settings, rules: Rules, as_of: datetime) -> list[Cause]:
    """Files of ours that were damaged or missing in the last month, and where they came back from."""
    found = []
    for row in files.read_or(settings.paths.findings / "healed.json", []):
        at = datetime.fromisoformat(row["as_of"])
        if as_of - at < TOLD_FOR:
            cause = Cause("healed", "error" if row["from"].startswith("nowhere") else "warning", at, at, f"from {row['from']}", key=row["path"])
            found.append(named(cause, rules))
    return found
