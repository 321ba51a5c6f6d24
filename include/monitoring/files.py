"""What is wrong with the files themselves, by the ledger: late, refused for long, or with names that no seed knows."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from include import files
from include.ingest.ledger import Ledger
from include.local_time import to_utc
from include.monitoring.causes import Cause, named
from include.monitoring.format_change import format_change
from include.monitoring.rules import Rules
from include.monitoring.runs import run_cause
from include.publishing.readings import read_accounting
from include.registry import Registry
from include.settings import Settings

TOLD_FOR = timedelta(days=30)


def causes_in_files(settings: Settings, registry: Registry, rules: Rules, start: datetime, as_of: datetime) -> list[Cause]:
    """Causes of the window's file versions; a refusal counts however old it is."""
    ledger = Ledger.read(settings.paths.ledger)
    return [
        named(cause, rules)
        for cause in (
            *_refused(settings, registry, ledger, rules, as_of),
            *_late(ledger, registry, rules, start, as_of),
            *_unknown(settings, ledger, start),
            *_conflicting(settings, ledger, start),
        )
    ]


def _refused(settings: Settings, registry: Registry, ledger: Ledger, rules: Rules, as_of: datetime) -> Iterator[Cause]:
    """A refused file is told at once, as a warning; as an error once it has waited too long."""
    patience = timedelta(hours=rules.parameters["quarantine_hours"])
    for version in ledger.refused():
        waited = as_of - version.first_seen
        yield Cause(
            check="quarantine",
            severity="error" if waited >= patience else "warning",
            building_id=version.building_id,
            sources=(version.datasource_id,),
            sensors=(),
            locations=(),
            measurements=(),
            since=version.first_seen,
            until=max(as_of, version.first_seen),
            evidence="; ".join(version.reasons),
            key=version.path,
            detail=format_change(settings, registry, version),
        )


def _late(ledger: Ledger, registry: Registry, rules: Rules, start: datetime, as_of: datetime) -> Iterator[Cause]:
    """A file whose last reading was days old when it was first seen, though its datasource was already delivering."""
    delivering: dict[str, datetime] = {}
    for version in sorted(ledger.versions, key=lambda v: v.first_seen):
        begun = delivering.setdefault(version.datasource_id, version.first_seen)
        if version.verdict != "accepted" or version.last_reading is None or not start <= version.first_seen <= as_of or version.first_seen == begun:
            continue
        last = to_utc(version.last_reading, registry.datasource(version.datasource_id).timezone)
        if version.first_seen - last > timedelta(days=rules.parameters["late_file_days"]):
            yield Cause(
                check="late_file",
                severity="warning",
                building_id=version.building_id,
                sources=(version.datasource_id,),
                sensors=(),
                locations=(),
                measurements=(),
                since=version.first_seen,
                until=version.first_seen,
                evidence=f"its last reading is {(version.first_seen - last).days} days older than its arrival",
                key=version.path,
            )


def _unknown(settings: Settings, ledger: Ledger, start: datetime) -> Iterator[Cause]:
    """Names in accepted files that no seed knows: their cells are counted as unmapped, not published."""
    unmapped = {row["source_file"]: row["unmapped_names"] for row in read_accounting(settings).to_pylist() if row["unmapped_names"]}
    told: dict[tuple[str, str, str], tuple[datetime, datetime, str, int]] = {}
    for version in ledger.versions:
        for name in unmapped.get(version.number, ()):
            raw_name, _, column = name.rpartition(": ")
            key = ("unknown_column" if raw_name == column else "unknown_sensor", version.datasource_id, raw_name)
            first, last, building, count = told.get(key, (version.first_seen, version.first_seen, version.building_id, 0))
            told[key] = (min(first, version.first_seen), max(last, version.first_seen), building, count + 1)
    for (check, datasource_id, name), (first, last, building_id, count) in sorted(told.items()):
        if last >= start:
            yield Cause(
                check=check,
                severity="warning",
                building_id=building_id,
                sources=(datasource_id,),
                sensors=(),
                locations=(),
                measurements=(),
                since=first,
                until=last,
                evidence=f"in {count} files; its cells are not published",
                key=name,
                detail=f"sensor_mappings.csv:\n{datasource_id},{name},mapped,,<sensor_id>,<location>,<measurement>,1,0,,",
            )


def _conflicting(settings: Settings, ledger: Ledger, start: datetime) -> Iterator[Cause]:
    """Files some of whose readings a later export contradicts; both are kept, the later one counts."""
    superseded: Counter[int] = Counter()
    for row in read_accounting(settings).to_pylist():
        superseded[row["source_file"]] += row["superseded"]
    for version in ledger.versions:
        if (count := superseded[version.number]) and version.first_seen >= start:
            yield Cause(
                check="conflicting_exports",
                severity="warning",
                building_id=version.building_id,
                sources=(version.datasource_id,),
                sensors=(),
                locations=(),
                measurements=(),
                since=version.first_seen,
                until=version.first_seen,
                evidence=f"{count:,} of its readings have another value in a later export, which counts",
                key=version.path,
            )


def healed_files(settings: Settings, rules: Rules, as_of: datetime) -> list[Cause]:
    """Files of ours that were damaged or missing in the last month, and where they came back from."""
    rows = files.read_or(settings.paths.findings / "healed.json", [])
    found = [(row, datetime.fromisoformat(row["as_of"])) for row in rows]
    return [
        named(run_cause("healed", "error" if row["from"].startswith("nowhere") else "warning", row["path"], at, at, f"from {row['from']}"), rules)
        for row, at in found
        if as_of - at < TOLD_FOR
    ]
