"""All hours and days of a building as one SQLite file, made once for each release."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from include.contract.tables import file_of
from include.core import files
from include.core.errors import ConflictError
from include.core.settings import Settings
from include.serving.api.catalogue import Published
from include.serving.api.errors import Problem
from include.serving.api.values import Reader

COLUMNS = "mean real, min real, max real, sum real, count integer, primary key (series, timestamp)"
SCHEMA = f"""
pragma journal_mode = off;
pragma synchronous = off;
create table release (
    version text, building_id text, name text, timezone text, licence text
);
create table series (
    number integer primary key, id text, source text, location text, measurement text,
    unit text, aggregation text, first text, last text
);
create table hourly (series integer, timestamp integer, {COLUMNS}) without rowid;
create table daily (series integer, timestamp integer, local_date text, {COLUMNS}) without rowid;
"""
Row = tuple[Any, ...]


def sqlite_file(reader: Reader, settings: Settings, published: Published, building_id: str) -> Path:
    """The file of a building's release. The first request makes it, and removes those of earlier
    releases. Raises Problem: 503, one is being made.
    """
    exports = settings.paths.work / "exports"
    target = exports / building_id / f"{published.release.version}.sqlite"
    if target.exists():
        return target
    try:
        lock = files.locked(exports / ".lock", "export.sqlite")
        with lock, files.scratch_folder(exports) as folder:
            _make(reader, published, building_id, folder / target.name)
            files.move(folder / target.name, target)
            for path in set(target.parent.iterdir()) - {target}:
                files.remove(path)
    except ConflictError:
        raise Problem(503, "a file is being made; try again", retry_after=5) from None
    return target


def _make(reader: Reader, published: Published, building_id: str, path: Path) -> None:
    building, own = published.buildings[building_id], published.series[building_id].values()
    names = ("source", "location", "measurement")
    numbers = {tuple(row[name] for name in names): n for n, row in enumerate(own, 1)}
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SCHEMA)
        facts = [building[name] for name in ("building_id", "name", "timezone", "licence")]
        _insert(database, "release", [(published.release.version, *facts)])
        _insert(database, "series", list(_series(published, building_id)))
        for model, table, first in (("agg_hourly", "hourly", 5), ("agg_daily", "daily", 4)):
            given = {"table": str(published.path / file_of(model)), "building": building_id}
            for rows in reader.batches("export", given):
                values = [(numbers[row[:3]], row[3], *row[first:]) for row in rows]
                _insert(database, table, values)
        database.commit()


def _series(published: Published, building_id: str) -> Iterator[Row]:
    for number, row in enumerate(published.series[building_id].values(), 1):
        measurement = published.measurements[row["measurement"]]
        texts = [row[name] for name in ("id", "source", "location", "measurement")]
        facts = (measurement["unit"], measurement["aggregation"], row["first"], row["last"])
        yield number, *texts, *facts


def _insert(database: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    if rows:
        places = ", ".join("?" * len(rows[0]))
        database.executemany(f"insert into {table} values ({places})", rows)
