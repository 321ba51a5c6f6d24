"""Builds a release in a staging folder, audits it, and promotes it with one rename."""

import contextlib
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from include.contract.tables import Table, file_of, tables, tables_of
from include.core import files
from include.core.calendar import month_start
from include.core.duckdb_session import for_each, scratch_database
from include.core.errors import ConfigurationError, ContractError, DamagedFile, StorageError
from include.core.settings import Settings
from include.core.version import code_version
from include.hierarchy import hierarchy
from include.ledger.ledger import Ledger
from include.planning.plan import floating_window, models_fingerprint
from include.registry import Run
from include.registry.rows import Building
from include.release import lineage, parquet_files
from include.release.documents import write_documents
from include.release.explorer_data import write_explorer_data
from include.release.history import HistoryFile, history
from include.release.source_tables import source_tables, write_source_table
from include.release.star_schema import write_handover
from include.release.views import query_of, write_views
from include.store.archive import Unit
from include.store.readings import AMOUNTS, READINGS, SourceMonth, taken_out, unexplained
from include.store.store import Store

KEPT = 30
VERSION = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{8}"
)  # the day of `as_of`, and a hash of tables and history


@dataclass(frozen=True)
class Release:
    """A release on this machine.

    Its version ends with a hash of its tables and of the history it names.
    """

    version: str
    as_of: datetime
    made_from: str
    path: Path


def latest(settings: Settings) -> Release | None:
    """What `releases/latest` points to; None if that cannot be read."""
    folder = latest_folder(settings)
    try:
        return read(folder) if folder else None
    except (FileNotFoundError, StorageError):
        return None


def latest_folder(settings: Settings) -> Path | None:
    """The folder that `releases/latest` points to; None if it points nowhere."""
    return settings.paths.latest.resolve() if settings.paths.latest.exists() else None


def find(run: Run) -> Release | None:
    """The release that was made from exactly what there is, as of the run's time, or None.

    As of `END_OF_TIME`, which is never older than a release: one of any day.
    """
    run = replace(run, settings=settings_at(run.settings, run.as_of))
    wanted = made_from(run)
    days = f"{run.as_of:%Y-%m-%d}-*" if run.settings.replay else "[0-9]*-*"
    newest_first = sorted(run.settings.paths.releases.glob(days), reverse=True)
    return next(
        (release for release in _readable(newest_first) if release.made_from == wanted), None
    )


def settings_at(settings: Settings, as_of: datetime) -> Settings:
    """The settings for a run as of that time: those of a replay if a newer release exists, of
    whatever publication.
    """
    last = newest(settings)
    return settings.as_replay() if last and as_of < last.as_of else settings


def versions(settings: Settings) -> list[str]:
    """The version of each publication's last release."""
    return [release.version for release in _last(settings)]


def newest(settings: Settings) -> Release | None:
    """The last release of all publications; of several as of one time that of the default one."""
    return max(_last(settings), key=lambda release: release.as_of, default=None)


def _last(settings: Settings) -> list[Release]:
    """The last release of each publication that has one, the default one first."""
    names = settings.paths.publications
    return list(filter(None, (latest(replace(settings, publication=name)) for name in names)))


def read(path: Path) -> Release:
    """The release in a folder.

    Raises FileNotFoundError, or DamagedFile if `build` cannot have written run.json.
    """
    written = files.read_json(path / "run.json")
    try:
        as_of, fingerprint = datetime.fromisoformat(written["as_of"]), written["made_from"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFile(
            "run.json does not say what the release was made from",
            where=str(path),
            cure=files.HEALING,
        ) from error
    if as_of.utcoffset() is None or not isinstance(fingerprint, str):
        raise DamagedFile(
            "run.json does not say what the release was made from",
            where=str(path),
            cure=files.HEALING,
        )
    return Release(path.name, as_of, fingerprint, path)


def _readable(paths: Iterable[Path]) -> Iterator[Release]:
    """The releases in these folders, without those that cannot be read."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError, StorageError):
            yield read(path)


def made_from(run: Run) -> str:
    """Fingerprint of all inputs of a release, apart from the clock: equal means nothing to
    publish.
    """
    store = Store(run.settings)
    facts = [
        *(
            f"{unit} {entry.sha256}"
            for unit, entry in sorted(store.published_units.items(), key=str)
        ),
        *(
            f"history {key} {entry.sha256} {entry.metrics.get(AMOUNTS, '')}"
            for key, entry in sorted(store.readings_manifest.items())
        ),
        *(
            f"{model} {key} {entry.metrics[model]}"
            for model in run.publication.tables
            for key, entry in sorted(store.readings_manifest.items())
            if model in entry.metrics
        ),
        models_fingerprint("models"),
        *(query_of(table.model) for table in published_tables(run) if table.kind == "view"),
        *(f"{found.table.file} {found.digest}" for found in source_tables(run)),
        hierarchy.fingerprint(run.registry),  # all seeds are in it
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def build(run: Run, made_by: dict[str, Any]) -> Release:
    """Make a release in staging and audit it against its own schema and against the last one.

    `made_by` names Airflow's run and the engine. It goes into run.json alone: no table depends on
    it.
    """
    staging = files.empty_folder(run.settings.paths.releases / ".staging")
    previous = latest(run.settings)
    months_of_readings = history(run, previous.path if previous else None)
    with scratch_database(run.settings) as database:
        rows = _write_tables(database, run, staging, previous)
        months = _audit(database, staging, published_tables(run))
        _can_be_traced(months, months_of_readings)
        if previous and not run.settings.replay:
            _nothing_disappeared(
                database,
                previous,
                months,
                {b.building_id for b in run.registry.published_buildings},
                taken_out(run),
            )
        sums = [
            *(files.sha256(staging / table.file) for table in published_tables(run)),
            *(file.sha256 for file in months_of_readings),
        ]
        version = f"{run.as_of:%Y-%m-%d}-{hashlib.sha256(''.join(sums).encode()).hexdigest()[:8]}"
        lineage_of_release = lineage.lineage(run, version, months_of_readings)
        last = previous.path if previous else None
        write_explorer_data(database, run, staging, last, lineage_of_release)
        write_handover(database, staging, published_tables(run))
    write_documents(run, version, rows, lineage_of_release, staging, published_tables(run))
    files.write_json(
        staging / "run.json",
        {
            **made_by,
            "version": version,
            "code_version": code_version(),
            "as_of": run.as_of.isoformat(),
            "made_from": made_from(run),
        },
    )
    return Release(version, run.as_of, "", staging)


def published_tables(run: Run) -> list[Table]:
    """All tables of the release of a publication.

    Raises ConfigurationError if two have one name.
    """
    has_amounts = any(
        run.registry.makes_amounts(row.building_id) for row in run.registry.published_buildings
    )
    own = [t for t in tables(run.publication.tables) if t.kind != "amounts" or has_amounts]
    found = [*own, *(one.table for one in source_tables(run))]
    names = [table.file for table in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigurationError(
            f"two tables of {run.publication.publication_id} are called {twice[0]}",
            where="sql_tables.csv, column published",
            cure="give one of them another name",
        )
    return found


def promote(settings: Settings, built: Release) -> Release | None:
    """Give the staged release its name and let `latest` point to it; None if its tables and history
    are those of `latest`.
    """
    last = latest(settings)
    if last and not settings.replay and last.version[-8:] == built.version[-8:]:
        files.write_text(last.path / "run.json", (built.path / "run.json").read_text())
        files.remove(built.path)
        return None
    target = settings.paths.releases / built.version
    with files.locked(settings.paths.lock, "aggregate_and_publish"):
        if target.exists():
            files.remove(built.path)
        else:
            files.move(built.path, target)
        if not settings.replay:
            files.point(settings.paths.latest, built.version)
    return read(target)


def _write_tables(
    database: duckdb.DuckDBPyConnection, run: Run, staging: Path, previous: Release | None
) -> dict[str, int]:
    """The Parquet files, by the number of rows of each.

    Aggregates: see parquet_files.ORDER. Readings: month by month, each sorted by source, location,
    measurement and time.
    """
    store = Store(run.settings)
    known = {building.building_id for building in run.registry.published_buildings}
    published = published_tables(run)
    window, in_retention = window_of_readings(run), _in_retention(run)
    # the longest first: two are written at once
    jobs = [
        partial(
            parquet_files.concatenate,
            stored=store.of_months(table.model, window),
            target=staging / table.file,
            table=table,
            where=in_retention,
        )
        for table in published
        if table.kind in ("readings", "amounts")
    ]
    jobs += [
        partial(
            parquet_files.concatenate,
            stored=store.of_months(table.model, window),
            target=staging / table.file,
            table=table,
            where="true",
        )
        for table in published
        if table.kind == "fact"
    ]
    jobs += [
        partial(
            parquet_files.sort_by_series,
            units=store.of_units(
                unit
                for unit in sorted(store.published_units, key=str)
                if f"agg_{unit.grain}" == table.model and unit.building_id in known
            ),
            target=staging / table.file,
            table=table,
            last=previous.path if previous else None,
        )
        for table in tables_of("aggregate")
    ]
    zones = " ".join(
        f"when '{building.building_id}' then '{building.timezone}'"
        for building in run.registry.published_buildings
    )
    until = f"'{run.as_of.isoformat()}'::timestamptz"
    closed = f"end_of_day(local_date, case building_id {zones} end) <= {until}"
    months = [month for month in sorted(store.readings_manifest) if month[0] in known]
    jobs += [
        partial(
            parquet_files.concatenate,
            stored=store.of_months(table.model, months),
            target=staging / table.file,
            table=table,
            where=closed if table.has_days else "true",
        )
        for table in published
        if table.kind in ("monthly", "rollup")
    ]
    for_each(database, jobs, lambda cursor, job: job(cursor))
    for table in tables_of("dimension"):
        stored = run.settings.paths.dimensions / table.file
        parquet_files.copy_own(database, run, stored, staging, table)
    for table in tables_of("hierarchy"):
        stored = hierarchy.stored(run.settings, table.model)
        parquet_files.copy_own(database, run, stored, staging, table)
    for found in source_tables(run):
        write_source_table(database, run, found, staging / found.table.file)
    write_views(database, run, staging, published)
    return {table.file: pq.read_metadata(staging / table.file).num_rows for table in published}


def window_of_readings(run: Run) -> list[tuple[str, str]]:
    """The (building, month) that a release has readings of, as far as there are any: the longest
    window of a building's datasources.
    """
    stored = Store(run.settings).readings_manifest
    return [
        (building.building_id, month)
        for building in run.registry.published_buildings
        for month in _window(run, building)
        if (building.building_id, month) in stored
    ]


def _window(run: Run, building: Building) -> list[str]:
    """The months whose readings are published; of a building with a wrong row, which may be the one
    that says how many, also those that are.
    """
    months = set(floating_window(building, run.as_of, max(_retentions(run, building))))
    last = latest(run.settings) if building.building_id in run.registry.wrong else None
    if last is not None:
        with scratch_database(run.settings) as database:
            published = database.execute(
                "select distinct strftime(timestamp at time zone $timezone, '%Y-%m')"
                " from read_parquet($raw) where building_id = $building_id",
                {
                    "raw": str(last.path / file_of(READINGS)),
                    "timezone": building.timezone,
                    "building_id": building.building_id,
                },
            ).fetchall()
        months.update(month for (month,) in published)
    return sorted(months)


def _retentions(run: Run, building: Building) -> list[int]:
    """How many months each datasource of a building keeps; the building's own where it has none."""
    return [
        run.registry.retention_months(row)
        for row in run.registry.datasources_of(building.building_id)
        if row.status in ("active", "disabled")
    ] or [building.retention_months]


def _in_retention(run: Run) -> str:
    """The condition that leaves out what a datasource keeps for a shorter time than others of its
    building do.
    """
    versions = Ledger.read(run.settings.paths).versions
    conditions = []
    for building in run.registry.published_buildings:
        longest = max(_retentions(run, building))
        for row in run.registry.datasources_of(building.building_id):
            months = run.registry.retention_months(row)
            if months >= longest:
                continue
            numbers = [v.number for v in versions if v.datasource_id == row.datasource_id]
            its_own = f"building_id = '{building.building_id}'"
            if not numbers:
                continue
            first = month_start(floating_window(building, run.as_of, months)[0], building.timezone)
            is_older = f"timestamp < '{first.isoformat()}'::timestamptz"
            conditions.append(
                f"not ({its_own} and {is_older} and list_contains({numbers}, source_file))"
            )
    return " and ".join(conditions) or "true"


def inputs(run: Run, lost: Collection[Unit] = ()) -> list[Path]:
    """Every stored file that a release of that time is made from, but for those that are lost and
    made again.
    """
    store = Store(run.settings)
    kept = [unit for unit in store.published_units if unit not in lost]
    stored = [*store.of_units(kept).values()]
    window = window_of_readings(run)
    for table in published_tables(run):
        if table.kind in ("monthly", "rollup"):
            stored += store.of_months(table.model, store.readings_manifest)
        if table.kind in ("readings", "amounts", "fact"):
            stored += store.of_months(table.model, window)
    return [file.path for file in stored]


def _audit(
    database: duckdb.DuckDBPyConnection, staging: Path, published: Iterable[Table]
) -> set[tuple[str, str, str]]:
    """Compare every table with its schema; returns the (building, source, month) of the release."""
    for table in published:
        path = str(staging / table.file)
        found = {
            name: kind.lower()
            for name, kind, *_ in database.execute(
                "describe select * from read_parquet($path)", {"path": path}
            ).fetchall()
        }
        declared = {column.name: column.type for column in table.columns}
        if found != declared:
            raise ContractError(
                f"columns are {found}, declared are {declared}",
                where=table.file,
                cure=f"correct {table.model}.sql or {table.model}.yml",
            )
        missing = " + ".join(f'count_if("{name}" is null)' for name in table.key)
        if database.execute(
            f"select {missing} from read_parquet($path)", {"path": path}
        ).fetchone() not in [(0,), (None,)]:
            raise ContractError(
                "a key column has empty cells",
                where=table.file,
                cure="a fault of the platform: nothing was published",
            )
    return _months_covered(database, staging)


def _months_covered(
    database: duckdb.DuckDBPyConnection, release: Path
) -> set[tuple[str, str, str]]:
    return set(
        database.execute(
            """
            select distinct building_id, source, strftime(local_date, '%Y-%m')
            from (select distinct building_id, source, local_date from read_parquet($path))
            """,
            {"path": str(release / file_of("agg_hourly"))},
        ).fetchall()
    )


def _nothing_disappeared(
    database: duckdb.DuckDBPyConnection,
    previous: Release,
    now: set[SourceMonth],
    known: set[str],
    taken_out: set[SourceMonth],
) -> None:
    """A month of a source that was public stays public, unless its building or its files were taken
    out by name.
    """
    missing = {
        entry for entry in _months_covered(database, previous.path) - now if entry[0] in known
    }
    gone = unexplained(missing, taken_out)
    if gone:
        raise ContractError(
            f"the release would lose {len(gone)} months that {previous.version} has, the first is"
            f" {' '.join(gone[0])}",
            where=file_of("agg_hourly"),
            cure=(
                "restore the missing inputs or mappings; to take data out on purpose, withdraw its"
                " files (docs/runbook.md, withdraw a file)"
            ),
        )


def _can_be_traced(months: set[tuple[str, str, str]], named: list[HistoryFile]) -> None:
    """Every month that has hours has its readings in the history."""
    if untraced := sorted(
        {(building_id, month) for building_id, _, month in months}
        - {(file.building_id, file.month) for file in named}
    ):
        raise ContractError(
            f"{len(untraced)} published months have no readings in the history, the first is"
            f" {' '.join(untraced[0])}",
            where="lineage.json",
            cure="nothing was published; this is a bug: report it with the log of the task",
        )
