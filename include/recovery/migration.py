"""Brings the state of an older checkout up to date, once: files are landed under their digests and
read again.

Ledger numbers, verdicts of people (a file that is gone) and all inputs stay. Months are then built
again, since what they are made from has another fingerprint.
"""

import contextlib
from itertools import groupby
from pathlib import Path

from include.core import files, state_remote
from include.core.errors import PlatformError
from include.core.settings import Settings
from include.ingest.register import SkippedChecks, judge
from include.ledger.ledger import FileVersion, Ledger
from include.recovery.landed import NO_COPY, lost
from include.registry import Run


def migrate(run: Run) -> int:
    """Read every version again that an older checkout has accepted; returns how many."""
    ledger = Ledger.read(run.settings.paths.ledger)
    old = [
        version
        for version in ledger.versions
        if version.verdict == "accepted" and version.layout is None
    ]
    if not old:
        return 0
    for version in ledger.versions:
        _land_by_digest(run.settings, version)
    readable = {
        row.datasource_id
        for row in run.registry.datasources
        if row.building_id not in run.registry.wrong
    }
    by_datasource = sorted(old, key=lambda version: version.datasource_id)
    for datasource_id, group in groupby(by_datasource, key=lambda version: version.datasource_id):
        versions = list(group)
        if datasource_id not in readable:
            continue
        judged = judge(
            run,
            run.registry.datasource(datasource_id),
            ledger,
            versions,
            SkippedChecks(),
        )
        read = {version.number for version in judged}
        ledger = ledger.replaced(
            [
                *judged,
                *(lost(version, NO_COPY) for version in versions if version.number not in read),
            ]
        )
    with files.locked(run.settings.paths.lock, "refresh"):
        ledger.write(run.settings.paths.ledger)
    return len(old)


def _land_by_digest(settings: Settings, version: FileVersion) -> None:
    """Give a landed file its digest as its name; it comes from the state remote if it is not
    here.
    """
    landed = settings.paths.landed(version.building_id, version.datasource_id, version.sha256)
    old = _old_name(settings, version)
    if not landed.exists():
        if not old.exists():
            name = str(old.relative_to(settings.paths.root))
            with contextlib.suppress(PlatformError):
                state_remote.fetch(settings, {name: version.sha256})
        if old.is_file():
            files.move(old, landed)
    files.remove(old.with_name(old.name + ".parquet"))
    with contextlib.suppress(OSError):
        old.parent.rmdir()


def _old_name(settings: Settings, version: FileVersion) -> Path:
    return (
        settings.paths.landing
        / version.building_id
        / version.datasource_id
        / f"{version.path}@{version.sha256[:8]}"
    )
