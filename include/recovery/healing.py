"""Finds files under DATA_DIR that were changed or damaged, and restores the next best copy.

Every file that a run reads is verified by its checksum, and each day a thirtieth of the rest. A
damaged file is deleted and, like a missing one, fetched again: from the state remote, the drive or
the release on the publish remote; else it is rebuilt from its inputs. Healed files are recorded in
findings/healed.json, which `monitor_quality` reports.
"""

import contextlib
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from include.contract.tables import of_all_months
from include.core import files
from include.core.errors import DamagedFile, PlatformError
from include.core.settings import Settings
from include.ledger.ledger import Ledger, read_file
from include.planning.tables import LAST_READINGS
from include.registry import Run
from include.release import release
from include.replication import state
from include.sources.landed import fetch_landed
from include.store.archive import Unit
from include.store.store import Store

DAYS_FOR_ALL = 30
KEPT = 200


def heal_memory(settings: Settings, as_of: datetime) -> None:
    """Bring back the files in which the platform remembers what it has; what no copy is left of is
    made again.
    """
    paths = settings.paths
    states: dict[Path, Callable[[], Any]] = {
        paths.state(owner): partial(state.local_state, settings, owner)
        for owner in paths.known_states
    }
    catalogs: dict[Path, Callable[[], Any]] = {
        paths.ledger(building_id): partial(read_file, paths.ledger(building_id))
        for building_id in paths.known_buildings
    }
    irreplaceable = {
        path
        for building_id in paths.known_buildings
        for path in (paths.tombstones(building_id), paths.groups(building_id))
    }
    catalogs |= Store(settings).memory()
    healed = []
    for path, read in (states | catalogs).items():
        try:
            if path.exists():
                read()
        except DamagedFile:
            if path in irreplaceable and not _has_copy(settings, path):
                continue  # what was erased or is in a group must not come out: people decide
            files.remove(path)
            healed.append(path)
    absent = [str(path.relative_to(paths.root)) for path in catalogs if not path.exists()]
    _fetch_what_can_be(settings, state.known(settings, absent))
    healed += [paths.root / name for name in absent if (paths.root / name).exists()]
    _record(settings, healed, "the state remote, or is made again", as_of)
    for publication in paths.publications:
        _heal_release(replace(settings, publication=publication), as_of)


def _has_copy(settings: Settings, path: Path) -> bool:
    name = str(path.relative_to(settings.paths.root))
    return bool(state.known(settings, [name]).files)


def heal_readings(run: Run) -> list[str]:
    """Bring back landed files, and readings of the floating window.

    Returns the batches of which no copy is left.
    """
    if run.settings.replay:
        return []
    needed = release.window_of_readings(run)
    wanted: dict[Path, str] = {}
    owners: dict[Path, str] = {}
    published = [table.model for table in of_all_months()]
    store = Store(run.settings)
    for month in store.readings_manifest:
        for model, file in store.month(month).items():
            is_needed = month in needed or model in (*published, LAST_READINGS)
            if is_needed or (file.path.exists() and _is_due(file.path, run.as_of)):
                wanted[file.path] = file.sha256
                owners[file.path] = ".".join(month)
    lost = _bring_back(run.settings, wanted, run.as_of)
    _heal_landing(run)
    return sorted({owners[path] for path in lost})


def heal_archive(settings: Settings, as_of: datetime) -> list[Unit]:
    """Bring back what a release is made from.

    Returns the archived units of which no copy is left.
    """
    if settings.replay:
        return []
    store = Store(settings)
    archived = store.of_units(store.archive_manifest)
    units = {file.path: unit for unit, file in archived.items()}
    wanted = {file.path: file.sha256 for file in archived.values()}
    return [units[path] for path in _bring_back(settings, wanted, as_of)]


def _bring_back(settings: Settings, wanted: dict[Path, str], as_of: datetime) -> list[Path]:
    """Delete damaged files and fetch missing ones; returns those of which no copy is left."""
    damaged = [
        path for path, digest in wanted.items() if path.exists() and files.sha256(path) != digest
    ]
    for path in damaged:
        files.remove(path)
    missing = [path for path in wanted if not path.exists()]
    if not missing:
        return []
    copies = state.State(
        0, {str(path.relative_to(settings.paths.root)): wanted[path] for path in missing}
    )
    _fetch_what_can_be(settings, copies)
    lost = [path for path in missing if not path.exists()]
    fetched = [path for path in missing if path not in lost]
    if len(missing) == len(wanted) and not damaged:
        fetched = []  # an empty machine takes over: nothing was damaged
    _record(settings, fetched, "the state remote", as_of)
    if lost:
        state.forget(settings, lost)
    _record(settings, lost, "its inputs, from which it is made again", as_of)
    return lost


def _fetch_what_can_be(settings: Settings, copies: state.State) -> None:
    """Fetch all at once, or each by itself: a missing or damaged copy keeps no other back."""
    try:
        state.fetch(settings, copies, copies.files)
    except PlatformError:
        for name in copies.files:
            with contextlib.suppress(PlatformError):
                state.fetch(settings, copies, [name])


def _heal_landing(run: Run) -> None:
    """A damaged input is removed and fetched again, from the state remote or else from the drive
    that it came from.
    """
    for version in Ledger.read(run.settings.paths).versions:
        damaged = [
            path
            for path, digest in version.landed(run.settings.paths).items()
            if path.exists() and _is_due(path, run.as_of) and files.sha256(path) != digest
        ]
        if not damaged:
            continue
        for path in damaged:
            files.remove(path)
        came = fetch_landed(run, version)
        _record(
            run.settings,
            damaged,
            "the state remote or the drive" if came else "nowhere: no copy is left",
            run.as_of,
        )


def _heal_release(settings: Settings, as_of: datetime) -> None:
    """Replace a damaged release by the publish remote's copy, or by a new one of the same
    contents.
    """
    last = release.latest_folder(settings)
    if last is None or _is_whole(last):
        return
    files.remove(settings.paths.latest)
    files.remove(last)
    _record(settings, [last], "the publish remote, or is made again", as_of)


def _is_whole(folder: Path) -> bool:
    try:
        lines = (folder / "SHA256SUMS").read_text().splitlines()
        release.read(folder)
        return bool(lines) and all(
            files.sha256(folder / name) == digest
            for digest, _, name in (line.partition("  ") for line in lines)
        )
    except (OSError, ValueError, KeyError, PlatformError):
        return False


def _is_due(path: Path, as_of: datetime) -> bool:
    """Whether an idle file is re-verified today; each is, every 30 days."""
    return zlib.crc32(path.name.encode()) % DAYS_FOR_ALL == as_of.toordinal() % DAYS_FOR_ALL


def _record(settings: Settings, healed: list[Path], source: str, as_of: datetime) -> None:
    names = [str(path.relative_to(settings.paths.root)) for path in healed]
    if names:
        path = settings.paths.findings / "healed.json"
        healings = files.read_or(path, [])
        healings += [{"path": name, "from": source, "as_of": as_of.isoformat()} for name in names]
        files.write_json(path, healings[-KEPT:])
