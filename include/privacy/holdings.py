"""Where in the files of an installation something is named: here, and on its remotes."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from include.core import files, rclone
from include.core.duckdb_session import scratch_database
from include.core.errors import RemoteGone
from include.core.settings import Settings
from include.core.words import holds, pattern_of
from include.registry import Run
from include.release.publications import grouped_runs, publication_runs

# every folder of DATA_DIR that holds data; beside them are the seeds, the sample and Airflow's own
FOLDERS = (
    "landing",
    "catalog",
    "quarantine",
    "readings",
    "metrics",
    "dimensions",
    "archive",
    "hierarchy",
    "releases",
    "publications",
    "exports",
    "forecasts",
    "models",
    "findings",
    "state",
    "work",
)


@dataclass(frozen=True)
class Holding:
    """A file that names it: where it is, and how many rows or words of it do."""

    where: str
    count: int

    def __str__(self) -> str:
        return f"{self.where} ({self.count})"


def look_for(run: Run, terms: Collection[str]) -> list[Holding]:
    """Every file that has one of the terms as a cell, as a part of its path, or as a word.

    DATA_DIR is read where it is; what the remotes hold is fetched, read and removed.
    """
    settings, words = run.settings, frozenset(terms)
    with scratch_database(settings) as database:
        here = [
            holding
            for name in FOLDERS
            for holding in _in_folder(database, settings.paths.root / name, name, words)
        ]
        there = [
            holding
            for remote in _remotes(run)
            for holding in _on_remote(database, settings, remote, words)
        ]
    return here + there


def _remotes(run: Run) -> list[str]:
    runs = (*publication_runs(run), *grouped_runs(run))
    publications = {own.settings.publish_remote for own in runs}
    return sorted({run.settings.state_remote, run.settings.publish_remote, *publications})


def _on_remote(
    database: duckdb.DuckDBPyConnection, settings: Settings, remote: str, words: frozenset[str]
) -> Iterator[Holding]:
    try:
        names = [file.path for file in rclone.listing(remote)]
    except RemoteGone:
        return
    with files.scratch_folder(settings.paths.work) as folder:
        rclone.fetch(remote, folder, names)
        for holding in _in_folder(database, folder, "", words):
            yield replace(holding, where=f"{remote} {holding.where.lstrip('/')}")


def _in_folder(
    database: duckdb.DuckDBPyConnection, folder: Path, shown: str, words: frozenset[str]
) -> Iterator[Holding]:
    for path in sorted(folder.rglob("*")):
        where = f"{shown}/{path.relative_to(folder)}"
        count = sum(holds(part, words) for part in path.relative_to(folder).parts)
        if path.is_file() and not path.is_symlink():
            count += _in_file(database, path, words)
        if count:
            yield Holding(where, count)


def _in_file(database: duckdb.DuckDBPyConnection, path: Path, words: frozenset[str]) -> int:
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    if is_parquet:
        return _in_parquet(database, path, words)
    text = path.read_bytes().decode(errors="replace")
    try:
        return _in_json(json.loads(text), words)
    except ValueError:
        return len(pattern_of(words).findall(text))


def _in_parquet(database: duckdb.DuckDBPyConnection, path: Path, words: frozenset[str]) -> int:
    """Rows in which a text, or one of a list of texts, is one of the words."""
    conditions = []
    for field in pq.read_schema(path):
        name = '"' + field.name.replace('"', '""') + '"'
        if pa.types.is_string(field.type):
            conditions.append(f"list_contains($words, {name})")
        elif pa.types.is_list(field.type) and pa.types.is_string(field.type.value_type):
            conditions.append(f"list_has_any($words, {name})")
    if not conditions:
        return 0
    query = f"select count(*) from read_parquet($path) where {' or '.join(conditions)}"
    found = database.execute(query, {"path": str(path), "words": sorted(words)}).fetchall()
    return int(found[0][0])


def _in_json(content: Any, words: frozenset[str]) -> int:
    if isinstance(content, str):
        return int(holds(content, words))
    if isinstance(content, list):
        return sum(_in_json(item, words) for item in content)
    if isinstance(content, dict):
        return sum(holds(key, words) + _in_json(value, words) for key, value in content.items())
    return 0
