"""The environment of the embedded run and of the local UI: Airflow in DATA_DIR, and a drive if none is configured."""

import configparser
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SAMPLE_AS_OF = "2026-03-01"
OWNER = 0o700
# They tell of models in Airflow; of the same models the build itself tells OpenLineage.
REPORTS = ("DbtRunWatcherOperator", "DbtTestWatcherOperator")


def damaged(home: Path) -> list[Path]:
    """Airflow's own database and settings, if they cannot be read. Both are scratch: files are the truth."""
    return [path for path, is_whole in ((home / "airflow.db", _is_database), (home / "airflow.cfg", _is_configuration)) if path.exists() and not is_whole(path)]


def _is_database(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("pragma quick_check(1)").fetchall() == [("ok",)])
    except sqlite3.DatabaseError as error:  # one that somebody writes, or may not be opened, is not damaged
        return error.sqlite_errorcode not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _is_configuration(path: Path) -> bool:
    try:
        return bool(configparser.ConfigParser(interpolation=None).read(path, encoding="utf-8"))
    except (configparser.Error, UnicodeDecodeError):
        return False


def _set_aside(path: Path) -> None:
    """With what SQLite keeps beside a database: it would be taken for the new one's."""
    for part in path.parent.glob(f"{path.name}*"):
        if part.name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            part.replace(part.with_name(f"damaged.{part.name}"))
    print(f"{path} was damaged: it is damaged.{path.name} now, and made anew", file=sys.stderr)


def close_home(home: Path) -> None:
    """Let nobody else into Airflow's home: its database, settings and logs hold passwords and keys.

    The rest of DATA_DIR keeps the umask of its user, since a web server may serve `releases/`.
    """
    home.mkdir(parents=True, exist_ok=True)
    for path in (home, *home.iterdir()):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & OWNER)


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """Files that are made meanwhile are their owner's alone."""
    umask = os.umask(0o777 & ~OWNER)
    try:
        yield
    finally:
        os.umask(umask)


def prepare_environment(project: Path) -> str | None:
    """Set what Airflow reads when it is imported. Returns AS_OF of the sample if that is what the drive holds."""
    data_dir = Path(os.environ.get("DATA_DIR") or project / "data").resolve()
    defaults = {
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "AIRFLOW__COSMOS__ENABLE_WATCHER_RELIABLE_RETRY": "False",  # a second write for each event of dbt, for retries that the groups do not have
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps({"type": "file", "log_file_path": str(data_dir / "airflow/openlineage.ndjson"), "append": True}),
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "building-sensor-platform",
        "AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD": "True",  # not in a process for each event
        "AIRFLOW__OPENLINEAGE__EMISSION_POLICY": json.dumps(
            [{"scope": {"operator": f"cosmos.operators.watcher.{name}"}, "controls": {"emit": False}} for name in REPORTS]
        ),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DO_NOT_TRACK": "1",
    }
    os.environ.update(
        {name: value for name, value in defaults.items() if name not in os.environ},
        DATA_DIR=str(data_dir),
        AIRFLOW_HOME=str(data_dir / "airflow"),
        AIRFLOW__CORE__DAGS_FOLDER=str(project / "dags"),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(project / "plugins"),
        AIRFLOW__COSMOS__CACHE_DIR=str(data_dir / "airflow" / "cosmos"),
        DBT_LOG_PATH=str(data_dir / "airflow" / "logs" / "dbt"),
        PYTHONPATH=str(project),
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )
    os.environ.pop("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", None)  # the DAGs of this checkout, whatever else is configured
    close_home(data_dir / "airflow")
    for path in damaged(data_dir / "airflow"):
        _set_aside(path)
    if shutil.which("rclone") and "sm2drive:" in subprocess.run(["rclone", "listremotes"], capture_output=True, text=True, check=False).stdout.split():
        return None
    drive, sample = data_dir / "drive", project / "include/sample_data/raw"
    if not (drive / "raw").exists():
        if not sample.exists():
            sys.exit(f"No remote is called sm2drive, and the sample is missing: {sample}\nConfigure a remote (README, Your own drive), or restore it from git.")
        shutil.copytree(sample, drive / "raw")
    os.environ.update(RCLONE_CONFIG_SM2DRIVE_TYPE="alias", RCLONE_CONFIG_SM2DRIVE_REMOTE=str(drive))
    return SAMPLE_AS_OF
