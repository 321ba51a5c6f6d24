"""Files as the building's old job wrote them, for who still reads those (EXPORT_LEGACY=1).

hand_over_files.csv names each, and the query beside this file that makes it from a release. They
are replaced one by one on the publish remote; `hand_over.json`, with the version, is last.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from include.contract.parquet import PUBLISHED
from include.core import files, rclone
from include.core.drives import below
from include.core.duckdb_session import scratch_database
from include.core.settings import Settings
from include.planning.plan import floating_window
from include.registry import Run
from include.registry.rows import Building, HandOverFile
from include.release.release import Release
from include.release.upload import offered_release

MARKER = "hand_over.json"
MONTH = "{month}"
QUERIES = Path(__file__).parent
FORMATS = {
    ".csv": "format csv",
    ".gz": "format csv, compression gzip",
    ".parquet": PUBLISHED,
}


def offer(run: Run, release: Release) -> bool:
    """Write the files of a release to the publish remote; False if they are there.

    Nothing is written unless EXPORT_LEGACY is set, and where the remote offers another release.
    """
    settings = run.settings
    if not settings.export_legacy:
        return False
    offered = offered_release(settings)
    if offered is None or offered.version != release.version:
        return False
    made_from = {"version": release.version, "made_from": _made_from(run)}
    there = _there(settings)
    if made_from.items() <= there.items():
        return False
    with files.scratch_folder(settings.paths.work) as folder:
        with scratch_database(settings) as database:
            for path in release.path.glob("*.parquet"):
                literal = str(path).replace("'", "''")
                database.execute(
                    f"create view {path.stem} as select * from read_parquet('{literal}')"
                )
            made = [
                name
                for building in run.registry.published_buildings
                for name in _write_all(database, run, building, release, folder)
            ]
        for name in made:
            rclone.put(folder / name, _remote(settings, name))
        if stale := set(there.get("files", ())) - set(made):
            rclone.delete_files(settings.publish_remote, stale)
        files.write_json(folder / MARKER, {**made_from, "files": made})
        rclone.put(folder / MARKER, _remote(settings, MARKER))
    return True


def _made_from(run: Run) -> str:
    """Hash of the seeds, and of the queries beside this file."""
    queries = (path.read_bytes() for path in sorted(QUERIES.glob("*.sql")))
    return hashlib.sha256(b"\n".join((run.registry.fingerprint.encode(), *queries))).hexdigest()


def _there(settings: Settings) -> dict[str, Any]:
    """What the marker on the remote says; nothing if there is none, or it is damaged."""
    try:
        found = json.loads(rclone.get_text(_remote(settings, MARKER)) or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_all(
    database: duckdb.DuckDBPyConnection,
    run: Run,
    building: Building,
    release: Release,
    folder: Path,
) -> Iterator[str]:
    """The names of a building's files. Its hours are made once, in the table `hours`."""
    rows = [row for row in run.registry.hand_over_files if row.building_id == building.building_id]
    if not rows:
        return
    given = {"building_id": building.building_id, "timezone": building.timezone}
    hours = files.read_source(QUERIES / "hours.sql")
    _execute(database, f"create or replace temp table hours as {hours}", given)
    for row in rows:
        yield from _write(database, building, release, row, folder)


def _write(
    database: duckdb.DuckDBPyConnection,
    building: Building,
    release: Release,
    row: HandOverFile,
    folder: Path,
) -> list[str]:
    """The names of the files of a row: one, or one for each month of the floating window."""
    given = {
        "building_id": row.building_id,
        "timezone": building.timezone,
        "source": row.source,
        "measurement": row.measurement,
    }
    query = files.read_source(QUERIES / f"{row.query}.sql")
    months = floating_window(building, release.as_of) if MONTH in row.file else ("",)
    names = []
    for month in months:
        name = row.file.replace(MONTH, month)
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        how = FORMATS[target.suffix]
        values = {**given, "month": month, "target": str(target)}
        _execute(database, f"copy ({query}) to $target ({how})", values)
        names.append(name)
    return names


def _execute(database: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> None:
    """Bind those of the values that the query names."""
    database.execute(query, {name: value for name, value in values.items() if f"${name}" in query})


def _remote(settings: Settings, name: str) -> str:
    return below(settings.publish_remote, name)
