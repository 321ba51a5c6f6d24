"""What is wrong with files: inputs that are late, refused, contradicted or hold names that no seed
knows; ours that were damaged.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from include.core import files
from include.core.duckdb_session import scratch_database
from include.core.plain_text import counted, some
from include.core.settings import Settings
from include.ingest import register
from include.ledger.ledger import FileVersion, Ledger
from include.monitoring.causes import Cause, named
from include.monitoring.format_change import format_change
from include.monitoring.rules import Rules
from include.monitoring.unknown_names import unknown_names
from include.registry import Run
from include.replication.state import fetch_inputs
from include.store.readings import READINGS, read_accounting
from include.store.store import REJECTED, Store

SQL = Path(__file__).parent
REPORTED_FOR = timedelta(days=30)


def causes_in_files(run: Run, rules: Rules, starts: Mapping[str, datetime]) -> list[Cause]:
    """Causes of the file versions that came since their building's start; a refusal counts however
    old it is.
    """
    ledger = Ledger.read(run.settings.paths)
    accounting = read_accounting(run.settings).to_pylist()
    versions = [version for version in ledger.versions if version.building_id in starts]
    recent = [
        version
        for version in versions
        if starts[version.building_id] <= version.first_seen <= run.as_of
    ]
    refused = [
        version
        for version in ledger.refused()
        if version.building_id in starts and run.registry.reads(version.datasource_id)
    ]
    found = (
        *_refused(run, refused, rules),
        *_late(versions, recent, rules),
        *unknown_names(run.registry, versions, recent, accounting),
        *_conflicting(run.settings, recent, accounting),
        *_unread_drives(run, versions, starts),
    )
    return [named(cause, rules) for cause in found]


def _refused(run: Run, refused: list[FileVersion], rules: Rules) -> Iterator[Cause]:
    """A refused file is reported at once, as a warning; as an error once it has waited too long."""
    patience = timedelta(hours=rules.parameters["quarantine_hours"])
    for version in refused:
        yield Cause(
            check="quarantine",
            severity="error" if run.as_of - version.first_seen >= patience else "warning",
            since=version.first_seen,
            until=max(run.as_of, version.first_seen),
            evidence=some(version.reasons, separator="; "),
            building_id=version.building_id,
            sources=(version.datasource_id,),
            key=version.path,
            detail=format_change(run, version),
        )


def _late(versions: list[FileVersion], recent: list[FileVersion], rules: Rules) -> Iterator[Cause]:
    """A file whose last reading was days old when it was first seen, though its datasource was
    already delivering.
    """
    begun: dict[str, datetime] = {}
    for version in versions:
        begun[version.datasource_id] = min(
            version.first_seen, begun.get(version.datasource_id, version.first_seen)
        )
    for version in recent:
        if (
            version.verdict != "accepted"
            or version.last_reading is None
            or version.first_seen == begun[version.datasource_id]
        ):
            continue
        age = version.first_seen - version.last_reading
        if age > timedelta(days=rules.parameters["late_file_days"]):
            yield _of_file(
                "late_file",
                version,
                f"its last reading is {counted(age.days, 'day')} older than its arrival",
            )


def _conflicting(
    settings: Settings, recent: list[FileVersion], accounting: list[dict[str, Any]]
) -> Iterator[Cause]:
    """Files some of whose readings another export, or a later line of their own, contradicts; all
    are kept, the later one counts.
    """
    superseded = {
        (row["building_id"], row["month"], row["source_file"])
        for row in accounting
        if row["superseded"]
    }
    for version in recent:
        months = [
            month
            for building_id, month, number in superseded
            if (building_id, number) == (version.building_id, version.number)
        ]
        by_itself, by_others = _winners(settings, version, months) if months else (0, 0)
        if by_others:
            yield _of_file(
                "conflicting_exports",
                version,
                f"{counted(by_others, 'reading')} with another value in an export that counts more",
            )
        if by_itself:
            yield _of_file(
                "contradicts_itself",
                version,
                f"{counted(by_itself, 'reading')} with another value at the same time in a later"
                " line",
            )


def _winners(settings: Settings, version: FileVersion, months: list[str]) -> tuple[int, int]:
    """How many of a file's superseded readings another line of it has superseded, and how many
    another file.
    """
    store = Store(settings.seeing([version.building_id]))
    of_file = [(version.building_id, month) for month in months]
    rejected = [file.path for file in store.of_months(REJECTED, of_file)]
    readings = [file.path for file in store.of_months(READINGS, of_file)]
    fetch_inputs(settings, [*rejected, *readings])
    with scratch_database(settings) as database:
        parameters = {
            "rejected": [str(path) for path in rejected],
            "readings": [str(path) for path in readings],
            "number": version.number,
        }
        found = database.execute(files.read_source(SQL / "winners.sql"), parameters).fetchone()
    assert found is not None
    return found


def _unread_drives(
    run: Run, versions: list[FileVersion], starts: Mapping[str, datetime]
) -> Iterator[Cause]:
    """Datasources whose drive, or some file on it, the last run of `refresh` could not read; since
    the last file that came.
    """
    unread: dict[str, list[str]] = files.read_or(run.settings.paths.findings / register.DRIVES, {})
    for datasource in run.registry.active_datasources:
        if (problems := unread.get(datasource.datasource_id)) and datasource.building_id in starts:
            came = [
                version.first_seen
                for version in versions
                if version.datasource_id == datasource.datasource_id
                and version.first_seen <= run.as_of
            ]
            yield Cause(
                check="drive_unread",
                severity="error",
                since=max(came, default=starts[datasource.building_id]),
                until=run.as_of,
                evidence=some(problems, separator="; "),
                building_id=datasource.building_id,
                sources=(datasource.datasource_id,),
            )


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
    """Files of ours that were damaged or missing in the last month, and where they came back
    from.
    """
    found = []
    for row in files.read_or(settings.paths.findings / "healed.json", []):
        at = datetime.fromisoformat(row["as_of"])
        if as_of - at < REPORTED_FOR:
            cause = Cause(
                "healed",
                "error" if row["from"].startswith("nowhere") else "warning",
                at,
                at,
                f"from {row['from']}",
                key=row["path"],
            )
            found.append(named(cause, rules))
    return found
