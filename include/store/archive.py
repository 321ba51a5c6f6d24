"""The archive: one Parquet a building, grain and month, kept for good; a change makes a new
revision beside the old one.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from include.contract.grains import GRAINS
from include.contract.parquet import PARQUET
from include.core import files
from include.core.calendar import end_of_last_week, month_of, month_start, months_until, next_month
from include.core.duckdb_session import for_each, scratch_database
from include.core.errors import ContractError
from include.core.settings import Settings
from include.planning.plan import WindowPlan, models_fingerprint, plan_windows
from include.planning.tables import planned_windows
from include.registry import Run
from include.registry.rows import Building
from include.store.readings import AMOUNTS, READINGS, Manifest, files_of_month, read_manifest


@dataclass(frozen=True)
class Unit:
    """What is archived as one file: a building's month in one grain.

    A window belongs to the month it begins in.
    """

    grain: str
    building_id: str
    month: str


@dataclass(frozen=True)
class Archived:
    """What the manifest knows of a unit.

    A unit without rows (a week not yet over) has no file and no sha256.
    """

    fingerprint: str
    revision: int
    sha256: str
    rows: int


ArchiveManifest = dict[Unit, Archived]


def read_archive_manifest(settings: Settings) -> ArchiveManifest:
    """What is archived; nothing if nothing ever was. Raises DamagedFile."""
    found = {}
    for building_id in settings.paths.known_buildings:
        path = settings.paths.archive_manifest(building_id)
        for row in files.read_sealed(path) if path.exists() else []:
            unit = Unit(row.pop("grain"), building_id, row.pop("month"))
            found[unit] = Archived(**row)
    return found


def archived_path(settings: Settings, unit: Unit, entry: Archived) -> Path:
    """Where a unit is archived."""
    return settings.paths.archived(unit.grain, unit.building_id, unit.month, entry.revision)


def fingerprints(run: Run) -> dict[Unit, str]:
    """What every unit must be made from: the readings of the months its windows reach into, and the
    models.
    """
    models, readings = models_fingerprint("models/3_aggregations"), read_manifest(run.settings)
    built = {building.building_id: building for building in run.registry.built_buildings}
    return {
        Unit(grain, building_id, month): _fingerprint(
            grain, built[building_id], month, readings, models, run.as_of
        )
        for building_id, month in readings
        if building_id in built
        for grain in GRAINS
    }


def _fingerprint(
    grain: str, building: Building, month: str, readings: Manifest, models: str, as_of: datetime
) -> str:
    zone = building.timezone
    stop = (
        end_of_last_week(month, zone) if grain == "weekly" else month_start(next_month(month), zone)
    )
    touched = months_until(month, stop, zone)
    facts = [
        models,
        grain,
        zone,
        *(
            readings[building.building_id, m].fingerprint
            + readings[building.building_id, m].carried
            for m in touched
            if (building.building_id, m) in readings
        ),
    ]
    if as_of < stop:
        facts.append(as_of.isoformat())
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def windows_to_build(run: Run, lost: Collection[Unit] = ()) -> list[WindowPlan]:
    """The windows that hold readings and a unit that is lost or made from something else; none if
    there is nothing to do.
    """
    manifest, wanted = read_archive_manifest(run.settings), fingerprints(run)
    readings = read_manifest(run.settings)
    stale: dict[str, set[str]] = {}
    for unit, fingerprint in wanted.items():
        if unit in lost or unit not in manifest or manifest[unit].fingerprint != fingerprint:
            stale.setdefault(unit.building_id, set()).add(unit.month)
    return [
        window
        for building in run.registry.built_buildings
        if building.building_id in stale
        for window in plan_windows(building, stale[building.building_id], run.as_of)
        if _reached(window, readings)
    ]


def windows_planned(run: Run) -> list[WindowPlan]:
    """The windows that were planned for the engine."""
    return [
        WindowPlan(
            run.registry.building(w.building_id),
            tuple(months_until(month_of(w.labels_start, w.timezone), w.labels_stop, w.timezone)),
        )
        for w in planned_windows(run.settings)
    ]


def inputs_of(settings: Settings, windows: list[WindowPlan]) -> list[list[Path]]:
    """For each window, the files of readings and amounts of the months that it reaches into."""
    known = read_manifest(settings)
    inputs: list[list[Path]] = [[] for _ in windows]
    for window, paths in zip(windows, inputs, strict=True):
        for name in _reached(window, known):
            month = window.building.building_id, name
            stored = files_of_month(settings, month, known[month])
            paths += [stored[model][0] for model in (READINGS, AMOUNTS) if model in stored]
    return inputs


def _reached(window: WindowPlan, readings: Manifest) -> list[str]:
    """The months with readings that a window reaches into; the floating window of a silent building
    has none.
    """
    return [month for month in window.reach if (window.building.building_id, month) in readings]


def merge(run: Run, windows: list[WindowPlan]) -> list[Unit]:
    """Split what the engine made into months and archive what changed.

    Returns the units with a new revision.

    A unit whose fingerprint is unchanged must come out with the same values: that is a self-test of
    engine and archive. It keeps its bytes; another engine may have rounded the last bits
    differently.
    """
    manifest, wanted = read_archive_manifest(run.settings), fingerprints(run)
    with scratch_database(run.settings) as database:
        within = {unit: window for window in windows for unit in wanted if _inside(unit, window)}
        made = dict(
            zip(
                within,
                for_each(
                    database,
                    within.items(),
                    lambda cursor, item: _split(cursor, run.settings, *item),
                ),
                strict=True,
            )
        )
    changed = []
    with files.locked(run.settings.paths.lock, "aggregate_and_publish"):
        for unit, path in made.items():
            before = manifest.get(unit)
            rows = pq.read_metadata(path).num_rows
            digest = files.sha256(path) if rows else ""
            if before and before.sha256 == digest:
                if rows and not archived_path(run.settings, unit, before).exists():
                    files.move(path, archived_path(run.settings, unit, before))
                manifest[unit] = Archived(wanted[unit], before.revision, digest, rows)
                continue
            if (
                before
                and before.fingerprint == wanted[unit]
                and archived_path(run.settings, unit, before).exists()
            ):
                if rows == before.rows and same_values(
                    run.settings, archived_path(run.settings, unit, before), path
                ):
                    continue
                raise ContractError(
                    f"{unit.grain} {unit.month} of {unit.building_id} differs from the archived"
                    " one, though its inputs are the same",
                    where=str(archived_path(run.settings, unit, before)),
                    cure=(
                        "the archive is damaged or the engine is at fault: compare both files"
                        " (docs/runbook.md, self-test)"
                    ),
                )
            entry = Archived(wanted[unit], (before.revision if before else 0) + 1, digest, rows)
            if rows:
                files.move(path, archived_path(run.settings, unit, entry))
            manifest[unit] = entry
            changed.append(unit)
        _write(run.settings, {unit.building_id for unit in made}, manifest)
    return changed


def forget_older(settings: Settings, building_id: str) -> None:
    """Remove a building's older revisions, and the aggregates of months that have no readings."""
    months = {month for owner, month in read_manifest(settings) if owner == building_id}
    manifest = read_archive_manifest(settings)
    kept = {
        unit: entry
        for unit, entry in manifest.items()
        if unit.building_id != building_id or unit.month in months
    }
    named = {archived_path(settings, unit, entry) for unit, entry in kept.items() if entry.rows}
    with files.locked(settings.paths.lock, "erase"):
        _write(settings, [building_id], kept)
        for path in settings.paths.archive.glob(f"*/building_id={building_id}/*"):
            if path not in named:
                files.remove(path)


def _write(settings: Settings, buildings: Collection[str], manifest: ArchiveManifest) -> None:
    """Replace what is remembered of these buildings."""
    rows: dict[str, list[dict[str, Any]]] = {building_id: [] for building_id in buildings}
    for unit, entry in sorted(manifest.items(), key=lambda item: str(item[0])):
        if unit.building_id in rows:
            row = {"grain": unit.grain, "month": unit.month, **entry.__dict__}
            rows[unit.building_id].append(row)
    for building_id, own in sorted(rows.items()):
        files.write_sealed(settings.paths.archive_manifest(building_id), own)


def _inside(unit: Unit, window: WindowPlan) -> bool:
    return unit.building_id == window.building.building_id and unit.month in window.months


def _split(
    database: duckdb.DuckDBPyConnection, settings: Settings, unit: Unit, window: WindowPlan
) -> Path:
    zone = window.building.timezone
    source = settings.paths.built_file(f"agg_{unit.grain}", window.batch)
    target = settings.paths.built_aggregates / f"{unit.grain}.{unit.building_id}.{unit.month}.split"
    database.execute(
        f"""
        copy (
            select * from read_parquet($source)
            where timestamp >= $start and timestamp < $stop
            order by source, location, measurement, timestamp
        ) to $target ({PARQUET})
        """,
        {
            "source": str(source),
            "start": month_start(unit.month, zone),
            "stop": month_start(next_month(unit.month), zone),
            "target": str(target),
        },
    )
    return target


def same_values(settings: Settings, archived: Path, made: Path) -> bool:
    """Whether two files of aggregates hold the same windows, and values equal to 1e-9 · max(1,
    |value|).
    """
    values = ("value_mean", "value_std", "value_min", "value_max", "value_sum")
    differs = " or ".join(
        f"(a.{v} is null) <> (m.{v} is null) or abs(a.{v} - m.{v}) > 1e-9 * greatest(1, abs(a.{v}))"
        for v in values
    )
    with scratch_database(settings) as database:
        rows = database.execute(
            f"""
            select count(*) from read_parquet($archived) as a
            full join read_parquet($made) as m
            using (timestamp, local_date, building_id, source, location, measurement, count)
            where a.value_mean is null or m.value_mean is null or {differs}
            """,
            {"archived": str(archived), "made": str(made)},
        ).fetchall()
    return rows == [(0,)]
