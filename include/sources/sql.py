"""Reads tables of a MySQL, MariaDB or PostgreSQL server: each row of sql_tables.csv is a table, of
which the columns in sql_columns.csv are selected and no others.

A table is read whole, or by windows of a column of time; what comes is a Parquet file with sorted
rows, so a table that has not changed is the same file. The query runs in a process of its own,
which is stopped after REMOTE_TIMEOUT: a server that accepts a connection and never answers must not
hang a run.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from include.core.errors import ConfigurationError, RemoteError, RemoteGone
from include.core.masking import mask, remember
from include.registry import Run
from include.registry.rows import Datasource, SqlTable
from include.sources.credentials import Credentials, credential_of
from include.sources.port import Answer
from include.sources.windows import Window, windows

READER = Path(__file__).with_name("sql_reader.py")
# what a try of the next run cannot help: MySQL and MariaDB, then PostgreSQL
NOT_THERE = re.compile(
    r"Unknown column|Unknown database|doesn't exist|command denied|Access denied"
    r"|does not exist|permission denied|authentication failed"
)
QUOTES = {"mysql": "`", "postgresql": '"'}
WORDS = 500  # of the server's, that travel in an error


class Sql:
    """See the port."""

    def __init__(self, run: Run, datasource: Datasource, credentials: Credentials) -> None:
        self._datasource, self._credentials = datasource, credentials
        self._patience, self._as_of = run.settings.remote_seconds, run.as_of
        self._tables = run.registry.sql_tables_of(datasource)
        self._columns = {
            table.table: [row.column for row in run.registry.sql_columns_of(table)]
            for table in self._tables
        }
        self._asked: dict[str, tuple[SqlTable, Window]] = {
            table.file.format(window=window.name): (table, window)
            for table in self._tables
            if table.window
            for window in windows(table, datasource.timezone, run.as_of)
        }

    def answers(self) -> list[Answer]:
        """See the port."""
        now = self._as_of.isoformat()
        whole = [
            Answer(table.file, now, is_of_the_moment=True)
            for table in self._tables
            if not table.window
        ]
        by_window = sorted(self._asked.items(), key=lambda item: (item[1][1].start, item[0]))
        return [*whole, *(Answer(path, w.asked.isoformat()) for path, (_, w) in by_window)]

    def ask(self, path: str, file: Path) -> None:
        """See the port."""
        if path in self._asked:
            table, window = self._asked[path]
        else:
            table, window = next(row for row in self._tables if row.file == path), None
        dialect, _, place = self._datasource.location.partition("://")
        credential = credential_of(self._credentials, table, "sql_tables.csv")
        login, password = (quote(text, safe="") for text in (credential.login, credential.password))
        secrets = {text for text in (credential.password, password) if text}
        remember(secrets)
        who = f"{login}:{password}@" if login else ""
        asked = {
            "url": f"{dialect}://{who}{place}",
            "query": self._query(table, window, QUOTES[dialect]),
            "file": str(file),
        }
        _read(asked, f"{self._datasource.location}, table {table.table}", self._patience)

    def _query(self, table: SqlTable, window: Window | None, mark: str) -> str:
        """Names are checked with their rows, so they hold no SQL."""
        columns = ", ".join(f"{mark}{name}{mark}" for name in self._columns[table.table])
        source = ".".join(f"{mark}{part}{mark}" for part in table.table.split("."))
        query = f"select {columns} from {source}"
        if window is None:
            return query
        zone, time = ZoneInfo(self._datasource.timezone), f"{mark}{table.time_column}{mark}"
        first, last = (
            f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S}"
            for instant in (window.start, window.until)
        )
        return f"{query} where {time} >= '{first}' and {time} < '{last}'"


def _read(asked: dict[str, str], where: str, patience: float) -> None:
    """Let the reader write the file. Raises RemoteGone, RemoteError or ConfigurationError."""
    try:
        done = subprocess.run(
            [sys.executable, str(READER)],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RemoteError(
            f"the table was not read within {patience:g} s",
            where=where,
            cure="check the server; if it is only slow, set REMOTE_TIMEOUT to more seconds",
        ) from None
    if done.returncode == 0:
        return
    if "No module named 'connectorx'" in done.stderr:
        raise ConfigurationError(
            "the package connectorx is missing",
            where=where,
            cure="install the extra sql: pip install connectorx, or add it to requirements.txt",
        )
    said = mask(done.stderr.strip().splitlines()[-1][-WORDS:] if done.stderr.strip() else "")
    what = f"the table cannot be read: {said or f'its process ended with {done.returncode}'}"
    if NOT_THERE.search(said):
        cure = "compare sql_tables.csv and sql_columns.csv with the database, and the user's rights"
        raise RemoteGone(what, where=where, cure=cure)
    raise RemoteError(what, where=where, cure="check the server; the next run reads it again")


def endpoint(run: Run, datasource: Datasource, credentials: Credentials) -> Sql:
    """See include/sources/registry.py."""
    return Sql(run, datasource, credentials)
