"""Gives out everything that the platform keeps of a place, to those who live there."""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import duckdb
import pyarrow.parquet as pq

from include.contract.parquet import PUBLISHED
from include.core import files
from include.core.duckdb_session import scratch_database
from include.core.errors import ConfigurationError, ContractError
from include.ledger.ledger import FileVersion, Ledger
from include.ledger.pack import Pack
from include.registry import Run
from include.registry.erased import Place
from include.replication.state import fetch_inputs
from include.sources.landed import is_landed_whole
from include.store.readings import READINGS, read_accounting
from include.store.store import REJECTED, Store, StoredFile

FIRST = (1980, 1, 1, 0, 0, 0)  # zip knows no earlier time; equal contents are equal bytes


def export(run: Run, place: Place) -> tuple[Path, dict[str, int]]:
    """Write a zip with the files of the place as they were received, and its rows of all months.

    Returns the zip, below `exports/` in DATA_DIR, and the rows of each table. Whoever is given it
    can read everything in it: it is not sent anywhere.

    Raises ConfigurationError if files of the place hold other places as well, ContractError if a
    file has gone missing, or a row that is stored is not in the zip.
    """
    settings = run.settings
    if place.shared:
        raise ConfigurationError(
            f"{place.node_id} cannot be given out by itself: {'; '.join(place.shared)}",
            where="sensor_mappings.csv",
            cure="nothing was written: name the place that holds all of them",
        )
    folder = settings.paths.exports(place.building_id) / place.digest[:16]
    target = folder / f"{run.as_of:%Y-%m-%d}.zip"
    with files.scratch_folder(settings.paths.work) as scratch:
        with scratch_database(settings) as database:
            rows = dict(_tables(database, run, place, scratch / "tables"))
        _prove(run, place, rows.get(READINGS, 0))
        _raw(run, place, scratch / "raw")
        lines = [f"{name}\t{count}" for name, count in sorted(rows.items())]
        files.write_text(scratch / "README.txt", _readme(place, lines))
        made = scratch.with_suffix(".zip")
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in files.names_below(scratch):
                archive.writestr(zipfile.ZipInfo(name, FIRST), (scratch / name).read_bytes())
        files.move(made, target)
    return target, rows


def _tables(
    database: duckdb.DuckDBPyConnection, run: Run, place: Place, folder: Path
) -> Iterator[tuple[str, int]]:
    """The rows of the place in each stored table that knows locations, as Parquet and CSV."""
    folder.mkdir(parents=True)
    given = {"building_id": place.building_id, "locations": sorted(place.locations)}
    for name, paths in sorted(_stored(run, place).items()):
        columns = pq.read_schema(paths[0]).names
        if "location" not in columns:
            continue
        own = "building_id = $building_id and list_contains($locations, location)"
        rows = f"from read_parquet($paths, union_by_name = true) where {own}"
        bound = given | {"paths": list(map(str, paths))}
        for suffix, form in (("parquet", PUBLISHED), ("csv", "format csv, header")):
            database.execute(
                f"copy (select * {rows} order by all) to $target ({form})",
                bound | {"target": str(folder / f"{name}.{suffix}")},
            )
        yield name, pq.read_metadata(folder / f"{name}.parquet").num_rows


def _prove(run: Run, place: Place, exported: int) -> None:
    """The readings are as many as the accounting says were kept of the place's files."""
    versions = Ledger.read(run.settings.paths, place.building_id).versions
    own = {v.number for v in versions if v.datasource_id in place.datasources}
    rows = read_accounting(run.settings).to_pylist()
    kept = sum(
        row["kept"]
        for row in rows
        if row["building_id"] == place.building_id and row["source_file"] in own
    )
    if exported != kept:
        raise ContractError(
            f"{exported:,} readings were written, and {kept:,} of the place's files were kept",
            where=f"exports of {place.building_id}",
            cure="nothing was written: run refresh, then export again, while nothing else runs",
        )


def _stored(run: Run, place: Place) -> dict[str, list[Path]]:
    """The undamaged files of the building's store, by table; those of older months may have to come
    from the state remote.
    """
    store = Store(run.settings)
    found: dict[str, list[StoredFile]] = {}
    for month in store.months(place.building_id):
        for model, file in store.month((place.building_id, month)).items():
            found.setdefault(model, []).append(file)
    units = [unit for unit in store.published_units if unit.building_id == place.building_id]
    for unit, file in sorted(store.of_units(units).items(), key=lambda item: str(item[0])):
        found.setdefault(f"agg_{unit.grain}", []).append(file)
    found.pop(REJECTED, None)  # it has other columns
    fetch_inputs(run.settings, [file.path for stored in found.values() for file in stored])
    return {model: [file.undamaged() for file in stored] for model, stored in found.items()}


def _raw(run: Run, place: Place, folder: Path) -> None:
    """The files as they were received, each under its number and name."""
    versions = Ledger.read(run.settings.paths, place.building_id).versions
    for version in versions:
        if version.datasource_id not in place.datasources:
            continue
        if not is_landed_whole(run, version):
            raise ContractError(
                f"a file of the place is not there any more (number {version.number})",
                where=str(run.settings.paths.landing),
                cure="put it back on the drive, or withdraw it (docs/runbook.md, lost inputs)",
            )
        for name, content in _files_of(run, version):
            own = folder / version.datasource_id / f"{version.number}"
            files.write_bytes(own / PurePosixPath(name).name, content)


def _files_of(run: Run, version: FileVersion) -> Iterator[tuple[str, bytes]]:
    raw = version.raw(run.settings.paths)
    if isinstance(raw, Path):
        yield version.path, raw.read_bytes()
        return
    assert isinstance(raw, Pack)
    for member in raw.read().to_pylist():
        digest = hashlib.sha256(member["content"]).hexdigest()
        stem, dot, suffix = PurePosixPath(member["name"]).name.rpartition(".")
        # a name may have come twice, with other contents
        yield f"{stem}@{digest[:8]}{dot}{suffix}", member["content"]


def _readme(place: Place, lines: list[str]) -> str:
    return "\n".join(
        (
            f"Everything that is kept of {place.node_id}.",
            "",
            "raw/     the files as they were received, by datasource and number",
            "tables/  what was made of them, by table; `source_file` is the number of the file",
            "",
            "Rows of the tables:",
            *lines,
            "",
        )
    )
