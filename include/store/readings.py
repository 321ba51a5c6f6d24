"""Promotes the months of readings that dbt built, once they are proven complete."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.contract.parquet import PARQUET
from include.contract.tables import tables_of
from include.core import files
from include.core.duckdb_session import scratch_database
from include.core.errors import ContractError, StorageError
from include.core.settings import Settings
from include.ledger.ledger import FileVersion, Ledger, redact
from include.planning.plan import MonthPlan
from include.planning.tables import LAST_READINGS, ReadingsPlan
from include.registry import Registry, Run
from include.registry.erased import read_tombstones

OUTCOMES = ("readings", "nulls", "unmapped", "ignored", "unparsable")
FATES = ("kept", "duplicates", "superseded")

READINGS, AMOUNTS = "fct_sensor_readings", "fct_amounts"
RESTORE_ROWS = (
    "Name the old column beside the new one (`old|new`) in datasource_mappings.csv, or restore the"
    " row of the seeds that described it; to take data out on purpose, withdraw its files"
    " (docs/runbook.md, withdraw a file)"
)
REPORT_IT = (
    "This is a fault of the platform: report it with the file, or withdraw the file"
    " (docs/runbook.md, withdraw a file)"
)

ACCOUNTING = pa.schema(
    [
        ("building_id", pa.string()),
        ("month", pa.string()),
        ("source_file", pa.int32()),
        ("cells", pa.int64()),
        *((name, pa.int64()) for name in OUTCOMES),
        ("unmapped_names", pa.list_(pa.string())),
        *((name, pa.int64()) for name in FATES),
        ("outliers", pa.int64()),
    ]
)


@dataclass(frozen=True)
class StoredMonth:
    """What the manifest knows of one building's month of readings, and of what is made with them.

    `metrics`: model → sha256. `rejected`: sha256 of the readings that were not published, empty if
    there are none. `sources`: makes of devices with readings; empty if an older version stored it.
    `carried`: sha256 of the last readings before the month, of which its first amounts are made.
    """

    fingerprint: str
    sha256: str
    rows: int
    metrics: dict[str, str]
    rejected: str
    sources: tuple[str, ...] = ()
    carried: str = ""


Month = tuple[str, str]  # building, month
Manifest = dict[Month, StoredMonth]
SourceMonth = tuple[str, str, str]  # building, source, month


def read_manifest(settings: Settings) -> Manifest:
    """What months are stored; none if none ever was. Raises DamagedFile."""
    found = {}
    for building_id in settings.paths.known_buildings:
        path = settings.paths.readings_manifest(building_id)
        for row in files.read_sealed(path) if path.exists() else []:
            month = row.pop("month")
            found[building_id, month] = StoredMonth(**row)
    return found


def files_of_month(
    settings: Settings, month: Month, stored: StoredMonth
) -> dict[str, tuple[Path, str]]:
    """The files of a stored month by the model that made them, each with its sha256."""
    paths = settings.paths
    found = {READINGS: (paths.month_of_readings(*month), stored.sha256)}
    for model, digest in stored.metrics.items():
        found[model] = (paths.month_of_metric(model, *month), digest)
    if stored.rejected:
        found["fct_rejected_readings"] = (paths.rejected(*month), stored.rejected)
    return found


def read_accounting(settings: Settings) -> pa.Table:
    """What became of each file's cells, by month. Raises DamagedFile."""
    paths = (settings.paths.accounting(name) for name in settings.paths.known_buildings)
    there = [files.read_parquet(path, ACCOUNTING) for path in paths if path.exists()]
    return pa.concat_tables([ACCOUNTING.empty_table(), *there])


def dimensions_are_current(run: Run) -> bool:
    """Whether the stored dimensions are whole, and were made from the seeds as they are."""
    return files.is_made_from(run.settings.paths.dimensions, run.registry.fingerprint)


def _monthly(registry: Registry | None = None, building_id: str = "") -> list[str]:
    """The models that are made with the readings, month by month: all, or those of a building."""
    found = [*tables_of("monthly")]
    if registry is None or registry.makes_amounts(building_id):
        found += tables_of("amounts")
    if registry is None or registry.makes_facts(building_id):
        found += (*tables_of("fact"), *tables_of("rollup"))
    return [table.model for table in found]


def _dimension(settings: Settings, name: str) -> Path:
    return settings.paths.dimensions / f"{name}.parquet"


def prove_equal(settings: Settings, plans: list[MonthPlan]) -> None:
    """Every built month has the checksums that the manifest remembers.

    Raises ContractError that names the first that has not.
    """
    manifest = read_manifest(settings)
    for plan in plans:
        stored = manifest.get((plan.building.building_id, plan.month))
        if stored is None or stored.fingerprint != plan.fingerprint:
            raise ContractError(
                f"{plan.month} of {plan.building.building_id} was built from different inputs or"
                " models (fingerprint mismatch)",
                where=plan.batch,
                cure="run refresh: it rebuilds the month as a new revision",
            )
        expected = {"fct_sensor_readings": stored.sha256, **stored.metrics}
        different = [
            model
            for model, digest in expected.items()
            if files.sha256(settings.paths.built_file(model, plan.batch)) != digest
        ]
        if different:
            raise ContractError(
                f"the rebuilt {plan.month} of {plan.building.building_id} differs from the stored"
                f" one (checksum mismatch in {', '.join(different)})",
                where=plan.batch,
                cure=(
                    "the stored month is unchanged; compare it with work/built/readings, and report"
                    " both"
                ),
            )


def store_dimensions(settings: Settings, plan: ReadingsPlan) -> None:
    """Put the dimensions that dbt built in place.

    Of a building that had a wrong row in the seeds of the plan, the stored ones stay.
    """
    if files.is_made_from(settings.paths.dimensions, plan.seeds):
        return
    if plan.wrong:
        _keep_dimensions(settings, plan.wrong)
    with files.locked(settings.paths.lock, "refresh"):
        names = [table.model for table in tables_of("dimension")]
        for name in names:
            files.move(settings.paths.built_file(name), _dimension(settings, name))
        files.write_made_from(
            settings.paths.dimensions, plan.seeds, [_dimension(settings, name) for name in names]
        )


def _keep_dimensions(settings: Settings, buildings: list[str]) -> None:
    """Add the stored rows of these buildings to the built dimensions."""
    for name in (table.model for table in tables_of("dimension")):
        built, stored = settings.paths.built_file(name), _dimension(settings, name)
        if "building_id" not in pq.read_schema(built).names or not stored.exists():
            continue
        both = settings.paths.built_readings / f"{name}.both"
        with scratch_database(settings) as database:
            database.execute(
                f"""
                copy (
                    select * from read_parquet($built)
                    union all by name
                    select * from read_parquet($stored) where list_contains($buildings, building_id)
                    order by all
                ) to $target ({PARQUET})
                """,
                {
                    "built": str(built),
                    "stored": str(stored),
                    "buildings": buildings,
                    "target": str(both),
                },
            )
        files.move(both, built)


@dataclass(frozen=True)
class Stored:
    """What `store_readings` put in place: the totals of these months, and why other months were
    kept as they were.
    """

    totals: dict[str, int]
    problems: list[str]
    kept: set[str]  # their batches


def store_readings(run: Run, plans: list[MonthPlan]) -> Stored:
    """Put the built months in place, apart from those that would lose readings: of these the stored
    ones are kept.

    A month is kept if conservation does not hold for one of its files, or if a source has no
    readings in it any more and none of its files was taken out: then a seed row no longer describes
    what the files hold.
    """
    paths, manifest = run.settings.paths, read_manifest(run.settings)
    planned, carried_files = {plan.batch for plan in plans}, carried(run.settings, plans)
    sources = _built_sources(run.settings, plans)
    lost = unexplained(_lost_sources(manifest, plans, sources), taken_out(run))
    losing = {(building_id, month) for building_id, _, month in lost}
    accounting, fresh = _accounting_with(run.settings, plans)
    ledger = Ledger(redact(Ledger.read(paths).versions, run.registry.restricted))
    planned_versions = {version.key for plan in plans for version in plan.versions}
    broken = broken_conservation(ledger, accounting, planned_versions)
    if lost or broken:
        plans = [
            plan
            for plan in plans
            if (plan.building.building_id, plan.month) not in losing
            and not any(version.key in broken for version in plan.versions)
        ]
        accounting, fresh = _accounting_with(run.settings, plans)
    problems = [*_kept_months(lost), *broken.values()]
    kept = planned - {plan.batch for plan in plans}
    if not plans:
        return Stored({}, problems, kept)

    carried_in = {batch: files.sha256(path) for batch, path in carried_files.items()}
    with files.locked(paths.lock, "refresh"):
        for plan in plans:
            building_id = plan.building.building_id
            models = _monthly(run.registry, building_id)
            rejected = paths.built_file("fct_rejected_readings", plan.batch)
            digest_of_rejected = (
                files.sha256(rejected) if pq.read_metadata(rejected).num_rows else ""
            )
            if digest_of_rejected:
                files.move(rejected, paths.rejected(building_id, plan.month))
            else:
                files.remove(paths.rejected(building_id, plan.month))
            readings = paths.built_file("fct_sensor_readings", plan.batch)
            metrics = {model: paths.built_file(model, plan.batch) for model in models}
            _all_are_built(metrics)
            digests = {model: files.sha256(path) for model, path in metrics.items()}
            entry = StoredMonth(
                plan.fingerprint,
                files.sha256(readings),
                pq.read_metadata(readings).num_rows,
                digests,
                digest_of_rejected,
                tuple(sources[plan.batch]),
                carried_in.get(plan.batch, ""),
            )
            files.move(readings, paths.month_of_readings(building_id, plan.month))
            for model, path in metrics.items():
                files.move(path, paths.month_of_metric(model, building_id, plan.month))
            manifest[building_id, plan.month] = entry
        _write(run.settings, {p.building.building_id for p in plans}, accounting, manifest)
    return Stored(totals(fresh), problems, kept)


def _all_are_built(metrics: dict[str, Path]) -> None:
    """Raises StorageError if dbt was not asked for a model: which facts there are is in the DAG."""
    if missing := [model for model, path in metrics.items() if not path.exists()]:
        raise StorageError(
            f"{missing[0]} was not built with the readings",
            where=str(metrics[missing[0]]),
            cure="run refresh again: Airflow had loaded its DAG before fact_columns.csv changed",
        )


def carried(settings: Settings, plans: list[MonthPlan]) -> dict[str, Path]:
    """By batch the last readings before its month, where there are: those that are built with the
    same plans, or else are stored.
    """
    planned, found = {plan.batch for plan in plans}, {}
    for plan in plans:
        building_id = plan.building.building_id
        before = f"{building_id}.{plan.before}"
        stored = settings.paths.month_of_metric(LAST_READINGS, building_id, plan.before)
        if before in planned:
            found[plan.batch] = settings.paths.built_file(LAST_READINGS, before)
        elif plan.before and stored.exists():
            found[plan.batch] = stored
    return found


def _built_sources(settings: Settings, plans: list[MonthPlan]) -> dict[str, list[str]]:
    """For each planned batch, the sources that have readings in its built month."""
    found: dict[str, list[str]] = {plan.batch: [] for plan in plans}
    batch_of = {
        str(settings.paths.built_file("fct_sensor_readings", batch)): batch for batch in found
    }
    if not batch_of:
        return {}
    with scratch_database(settings) as database:
        rows = database.execute(
            "select distinct filename, source from read_parquet($paths, filename = true) order"
            " by all",
            {"paths": sorted(batch_of)},
        ).fetchall()
    for path, source in rows:
        found[batch_of[path]].append(source)
    return found


def _lost_sources(
    manifest: Manifest, plans: list[MonthPlan], built: dict[str, list[str]]
) -> set[SourceMonth]:
    """The sources that have readings in a stored month and none in the one built to replace it."""
    lost = set()
    for plan in plans:
        stored = manifest.get((plan.building.building_id, plan.month))
        missing = set(stored.sources) - set(built[plan.batch]) if stored else set()
        lost |= {(plan.building.building_id, source, plan.month) for source in missing}
    return lost


def _kept_months(lost: list[SourceMonth]) -> list[str]:
    """One sentence for each source that would lose months."""
    months: dict[tuple[str, str], list[str]] = {}
    for building_id, source, month in lost:
        months.setdefault((building_id, source), []).append(month)
    return [
        f"{building_id}: {source} has no readings any more in {', '.join(missing)}, though its"
        f" files are in use: the months were kept as they were published. {RESTORE_ROWS}"
        for (building_id, source), missing in months.items()
    ]


def months_to_drop(run: Run, plans: list[MonthPlan]) -> list[tuple[str, str]]:
    """The stored months whose every file was withdrawn, removed or is lost.

    Args:
        run: whose ledger and seeds say which files are in use.
        plans: all months that have a file in use, whether they are built or unchanged.

    Returns:
        Building and month of each, sorted.
    """
    planned = {(plan.building.building_id, plan.month) for plan in plans}
    unused = [
        version for version in out_of_use(run) if version.building_id not in run.registry.wrong
    ]
    taken_out = {(v.building_id, month) for v in unused for month in v.months}
    taken_out |= {(building_id, month) for building_id, _, month in erased(run)}
    return sorted((taken_out - planned) & read_manifest(run.settings).keys())


def drop_months(settings: Settings, months: Iterable[tuple[str, str]]) -> list[str]:
    """Take out those of the months that are still stored. Returns their batches."""
    manifest = read_manifest(settings)
    dropped = [month for month in months if month in manifest]
    if not dropped:
        return []
    kept = [
        row
        for row in read_accounting(settings).to_pylist()
        if (row["building_id"], row["month"]) not in dropped
    ]
    with files.locked(settings.paths.lock, "refresh"):
        for building_id, month in dropped:
            del manifest[building_id, month]
        touched = {building_id for building_id, _ in dropped}
        _write(settings, touched, pa.Table.from_pylist(kept, schema=ACCOUNTING), manifest)
        for building_id, month in dropped:
            files.remove(settings.paths.month_of_readings(building_id, month))
            files.remove(settings.paths.rejected(building_id, month))
            for model in _monthly():
                files.remove(settings.paths.month_of_metric(model, building_id, month))
    return [f"{building_id}.{month}" for building_id, month in dropped]


def out_of_use(run: Run) -> list[FileVersion]:
    """The file versions that had readings once and are not used: withdrawn, removed with their
    datasource, lost, or refused since.
    """
    withdrawn = run.registry.withdrawn(run.as_of)
    return [
        v
        for v in Ledger.read(run.settings.paths).versions
        if v.verdict == "refused"
        or v.sha256 in withdrawn
        or not run.registry.uses(v.building_id, v.datasource_id)
    ]


def taken_out(run: Run) -> set[SourceMonth]:
    """The months of sources of which a file is out of use; the source is empty if the datasource
    has left the seeds.
    """
    sources = {row.datasource_id: row.source_name for row in run.registry.datasource_mappings}
    return {
        (v.building_id, sources.get(v.datasource_id, ""), month)
        for v in out_of_use(run)
        for month in v.months
    } | erased(run)


def erased(run: Run) -> set[SourceMonth]:
    """The months of sources of which a place was erased."""
    return {
        (building_id, source, month)
        for building_id in run.settings.paths.known_buildings
        for tombstone in read_tombstones(run.settings.paths, building_id)
        for source, month in tombstone.months
    }


def unexplained(missing: set[SourceMonth], taken_out: set[SourceMonth]) -> list[SourceMonth]:
    """The months of sources that are missing although no file of theirs was taken out."""
    return sorted(
        entry for entry in missing - taken_out if (entry[0], "", entry[2]) not in taken_out
    )


def _accounting_with(settings: Settings, plans: list[MonthPlan]) -> tuple[pa.Table, pa.Table]:
    """The accounting of all stored months with that of newly built ones in its place, and the
    latter alone.
    """
    if not plans:
        return read_accounting(settings), ACCOUNTING.empty_table()
    built = [str(settings.paths.built_file("fct_file_accounting", plan.batch)) for plan in plans]
    with scratch_database(settings) as database:
        fresh = (
            database.sql("select * from read_parquet($built)", params={"built": built})
            .to_arrow_table()
            .select(ACCOUNTING.names)
            .cast(ACCOUNTING)
        )
    replaced = {plan.batch for plan in plans}
    kept = [
        row
        for row in read_accounting(settings).to_pylist()
        if f"{row['building_id']}.{row['month']}" not in replaced
    ]
    return pa.concat_tables([pa.Table.from_pylist(kept, schema=ACCOUNTING), fresh]), fresh


def _write(
    settings: Settings, buildings: Iterable[str], accounting: pa.Table, manifest: Manifest
) -> None:
    """Replace what is remembered of these buildings."""
    accounting = accounting.sort_by([("month", "ascending"), ("source_file", "ascending")])
    rows: dict[str, list[dict[str, Any]]] = {building_id: [] for building_id in buildings}
    for (owner, month), entry in sorted(manifest.items()):
        if owner in rows:
            rows[owner].append({"month": month, **entry.__dict__})
    for building_id, own_rows in sorted(rows.items()):
        own = accounting.filter(pc.equal(accounting["building_id"], building_id))
        files.write_parquet(settings.paths.accounting(building_id), own)
        files.write_sealed(settings.paths.readings_manifest(building_id), own_rows)


def totals(accounting: pa.Table) -> dict[str, int]:
    """Sums over files and months of everything the accounting counts."""
    counted = ("cells", *OUTCOMES, *FATES, "outliers")
    return {name: sum(accounting[name].to_pylist()) for name in counted}


def broken_conservation(
    ledger: Ledger, accounting: pa.Table, wanted: set[tuple[str, int]]
) -> dict[tuple[str, int], str]:
    """Where something is lost between a file's cells and the published readings: building and
    number of the version → what does not add up.
    """
    by_file: dict[tuple[str, int], dict[str, int]] = {}
    for row in accounting.to_pylist():
        key = row["building_id"], row["source_file"]
        sums = by_file.setdefault(key, dict.fromkeys(("cells", *OUTCOMES, *FATES), 0))
        for name in sums:
            sums[name] += row[name]
    broken = {}
    for version in ledger.versions:
        if version.key not in wanted:
            continue
        sums = by_file.get(version.key, dict.fromkeys(("cells", *OUTCOMES, *FATES), 0))
        problem = (
            _unequal("cells in the file", version.cells, "cells in the months", sums["cells"])
            or _unequal(
                "cells", sums["cells"], " + ".join(OUTCOMES), sum(sums[name] for name in OUTCOMES)
            )
            or _unequal(
                "readings", sums["readings"], " + ".join(FATES), sum(sums[name] for name in FATES)
            )
            or (
                sums["unparsable"] > version.unreadable
                and _unequal(
                    "unreadable cells in the file",
                    version.unreadable,
                    "in the build",
                    sums["unparsable"],
                )
            )
        )
        if problem:
            broken[version.key] = (
                f"{version.path}: conservation is broken: {problem}. Its months were left as they"
                f" were. {REPORT_IT}"
            )
    return broken


def _unequal(left: str, left_count: int, right: str, right_count: int) -> str:
    return "" if left_count == right_count else f"{left} {left_count:,}, {right} {right_count:,}"
