"""Takes a place out of everything that the platform keeps, for good; the drive stays its owner's.

The only exception to the rule that nothing published is changed: releases that held the place are
withdrawn, not edited. Steps: `begin` forgets the inputs, the months are built and published again
as after any change, `sweep` removes what is left of older ones, `prove` looks everywhere.
"""

import csv
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from include.core import files
from include.core.errors import ConfigurationError, ContractError
from include.core.settings import Settings
from include.core.words import holds
from include.forecasting.publish import withdraw_forecasts
from include.ledger.ledger import Ledger
from include.privacy.holdings import look_for
from include.registry import Run, load_registry
from include.registry.erased import Place, Tombstone, place_of, read_tombstones, write_tombstone
from include.release import withdrawal
from include.release.publications import publication_runs
from include.replication import state
from include.store import archive
from include.store.published_groups import forget_households


def place_to_erase(settings: Settings, node_id: str) -> Place:
    """The place, by the seeds as they are on the disk.

    Raises ConfigurationError if there is none, or its data are mixed with those of others.
    """
    place = place_of(load_registry(settings.seeds_dir), node_id)
    if place.shared:
        raise ConfigurationError(
            f"{node_id} cannot be taken out by itself: {'; '.join(place.shared)}",
            where="sensor_mappings.csv",
            cure=(
                "nothing was erased: name the place that holds all of them, or give each place"
                " files, locations and sensors of its own"
            ),
        )
    return place


def begin(run: Run, place: Place) -> int:
    """Write the tombstone, and forget the files of the place. Returns how many there were.

    From now on nothing of it is read; another machine knows it with the next push of the state.
    """
    settings = run.settings
    if settings.replay:
        raise ConfigurationError(
            "there is a newer release than this run's time",
            where="as_of",
            cure="erase without as_of: a replay of an older day changes nothing",
        )
    paths = settings.paths
    ledger = Ledger.read(paths, place.building_id)
    own = [v for v in ledger.versions if v.datasource_id in place.datasources]
    before = next(
        (row for row in read_tombstones(paths, place.building_id) if row.place == place.digest),
        Tombstone(place.digest, run.as_of.isoformat(), 0, ()),
    )
    whole = load_registry(settings.seeds_dir)
    sources = {row.datasource_id: row.source_name for row in whole.datasource_mappings}
    months = {(sources.get(v.datasource_id, ""), month) for v in own for month in v.months}
    tombstone = replace(
        before,
        last_number=max([before.last_number, *(v.number for v in ledger.versions)]),
        months=tuple(sorted({*before.months, *months})),
        proven="",
    )
    with files.locked(paths.lock, "erase"):
        write_tombstone(paths, place.building_id, tombstone)
        left = (v for v in ledger.versions if v.datasource_id not in place.datasources)
        Ledger(left).write_of(paths, place.building_id)
    for datasource_id in place.datasources:
        for folder in (paths.landing, paths.quarantine):
            files.remove(folder / place.building_id / datasource_id)
        for folder in (paths.incoming, paths.ingest):
            files.remove(folder / datasource_id)
    return len(own)


def sweep(run: Run, place: Place) -> list[str]:
    """Remove what is left of older months, releases, runs and exports, here and on the remotes.
    Returns the versions that were withdrawn, each with its publication.
    """
    settings, building_id = run.settings, place.building_id
    archive.forget_older(settings, building_id)
    for leftover in _scratch(settings, building_id):
        files.remove(leftover)
    reports = (settings.paths.findings, settings.paths.ingest)
    for path in (path for folder in reports for path in folder.rglob("*.json")):
        content = files.read_or(path, None)
        if (pruned := _pruned(content, place.terms)) != content:
            files.write_json(path, pruned)
    files.remove(settings.paths.exports(building_id))
    withdraw_forecasts(run, building_id)
    names = load_registry(settings.seeds_dir).roots.names
    forget_households(settings.paths, building_id, {names[node] for node in place.nodes})
    state.push(settings)
    state.sweep(settings, building_id)
    withdrawn = []
    for own in publication_runs(run):
        if building_id in (own.settings.buildings or ()):
            name = own.settings.publication
            withdrawn += [f"{name} {version}" for version in withdrawal.withdraw_older(own)]
    return withdrawn


def prove(run: Run, place: Place) -> None:
    """Look for the place in every file here and on the remotes, and note that nothing was found.

    Raises ContractError that names what was found.
    """
    found = look_for(run, place.terms)
    if found:
        shown = "; ".join(map(str, found[:10]))
        raise ContractError(
            f"{len(found)} files hold something of the erased place, the first: {shown}",
            where="DATA_DIR, STATE_REMOTE and the places of publications",
            cure="run erase again, while no other DAG runs; if it fails again, remove these files",
        )
    paths = run.settings.paths
    for row in read_tombstones(paths, place.building_id):
        if row.place == place.digest:
            write_tombstone(paths, place.building_id, replace(row, proven=run.as_of.isoformat()))
    state.push(run.settings)


def rows_to_remove(settings: Settings, place: Place) -> list[str]:
    """The seeds that still name the place, each with its lines: people remove them."""
    found = []
    for path in sorted(settings.seeds_dir.rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            own = [reader.line_num for cells in reader if place.terms.intersection(cells)]
        if own:
            found.append(f"{path.name}: lines {', '.join(map(str, own))}")
    return found


def _scratch(settings: Settings, building_id: str) -> Iterable[Path]:
    """What runs have left of a building in scratch, and all that is copied or sent."""
    work = settings.paths.work
    for folder in ("built", "health", "replay"):
        yield from list((work / folder).rglob(f"*{building_id}*"))
    yield from (work / name for name in ("outgoing", "hierarchy", "exports"))


def _pruned(content: Any, terms: frozenset[str]) -> Any:
    """JSON without the entries of lists and objects that name the place."""
    if isinstance(content, list):
        return [_pruned(item, terms) for item in content if not _names_directly(item, terms)]
    if isinstance(content, dict):
        return {
            key: _pruned(value, terms)
            for key, value in content.items()
            if not holds(key, terms) and not (isinstance(value, str) and holds(value, terms))
        }
    return content


def _names_directly(item: Any, terms: frozenset[str]) -> bool:
    """Whether an entry of a list names the place in itself, or in a list of its own."""
    if isinstance(item, str):
        return holds(item, terms)
    if isinstance(item, dict):
        return any(
            isinstance(part, str) and holds(part, terms)
            for value in item.values()
            for part in (value if isinstance(value, list) else [value])
        )
    return False
