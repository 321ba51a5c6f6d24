"""Brings the state of an older checkout up to date, once.

What was remembered of all buildings in one file becomes a catalog of each (format 2); before that,
files are landed under their digests and read again (format 1). Ledger numbers, verdicts of people
(a file that is gone) and all inputs stay. Months are then built again, since what they are made
from has another fingerprint.
"""

import contextlib
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.core import files, state_remote
from include.core.errors import DamagedFile, PlatformError
from include.core.settings import Settings
from include.ingest.judge import SkippedChecks, judge
from include.ledger.ledger import FileVersion, Ledger, read_file
from include.recovery.landed import NO_COPY, lost
from include.registry import Run
from include.replication import state
from include.replication.state import State
from include.store.readings import ACCOUNTING
from include.store.store import adopt

LEDGER, READINGS, ACCOUNTED, ARCHIVE = OLD = (
    "ledger.parquet",
    "readings/manifest.json",
    "readings/accounting.parquet",
    "archive/manifest.json",
)


def split_by_building(settings: Settings) -> bool:
    """Give each building what an older checkout has remembered of all in one file, here or on the
    state remote. Returns whether there was anything to split.

    While the old ledger is there, the next run splits again; it goes first of what is removed.
    """
    root = settings.paths.root
    if not (root / LEDGER).exists():
        if settings.paths.known_buildings:
            _remove(root)  # what a killed run has left
            return False
        if state.is_apart(settings):
            return False
    old = _remembered(settings)
    _heal(settings, old)
    if not (root / LEDGER).exists():
        return False
    Ledger(read_file(root / LEDGER)).write(settings.paths)
    months, units = _by_building(root / READINGS), _by_building(root / ARCHIVE)
    accounting = _accounting(root / ACCOUNTED)
    for building_id in {*months, *units, *accounting["building_id"].to_pylist()}:
        own = accounting.filter(pc.equal(accounting["building_id"], building_id))
        adopt(settings, building_id, months.get(building_id), units.get(building_id), own)
    for owner, own in state.split(old).items():
        if own.generation:
            files.write_sealed(settings.paths.state(owner), own.to_json())
    _remove(root)
    return True


def _remove(root: Path) -> None:
    for name in (LEDGER, *OLD, state.FORMAT_FILE):
        files.remove(root / name)


def _remembered(settings: Settings) -> State:
    """What the older checkout says of the state remote; what that holds is fetched if it is
    newer.
    """
    path = settings.paths.root / state.FORMAT_FILE
    here = State()
    with contextlib.suppress(DamagedFile):
        here = State.from_json(files.read_sealed(path), str(path)) if path.exists() else here
    there = here
    with contextlib.suppress(DamagedFile):
        there = state.old_state(settings)
    is_ahead = here.generation and there.generation > here.generation
    if is_ahead or not (settings.paths.root / LEDGER).exists():
        state.fetch(settings, there, [name for name in there.files if state.comes_first(name)])
        return there
    return here if here.generation else there


def _heal(settings: Settings, old: State) -> None:
    """Bring back those of the old files that are damaged or missing."""
    for name in OLD:
        path = settings.paths.root / name
        try:
            _ = files.read_sealed(path) if path.suffix == ".json" else files.read_parquet(path)
        except (DamagedFile, FileNotFoundError):
            files.remove(path)
            with contextlib.suppress(PlatformError):
                state.fetch(settings, old, [name])


def _accounting(path: Path) -> pa.Table:
    return files.read_parquet(path, ACCOUNTING) if path.exists() else ACCOUNTING.empty_table()


def _by_building(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of a manifest, by building."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in files.read_sealed(path) if path.exists() else []:
        rows[row.pop("building_id")].append(row)
    return rows


def migrate(run: Run) -> int:
    """Read every version again that an older checkout has accepted; returns how many."""
    ledger = Ledger.read(run.settings.paths)
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
        read = {version.key for version in judged}
        ledger = ledger.replaced(
            [
                *judged,
                *(lost(version, NO_COPY) for version in versions if version.key not in read),
            ]
        )
    with files.locked(run.settings.paths.lock, "refresh"):
        ledger.write(run.settings.paths)
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
