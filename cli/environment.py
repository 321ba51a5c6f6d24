"""The environment of `make run` and `make ui`: Airflow in DATA_DIR, and the sample if no drive is
configured.
"""

import configparser
import contextlib
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from include.core import rclone
from include.core.drives import active_locations, remote_of, remotes_of
from include.core.errors import ConfigurationError, PlatformError
from include.core.settings import Settings, alias_variables

OWNER = 0o700
# They report on models to Airflow; the build itself reports the same models to OpenLineage.
REPORTS = ("DbtRunWatcherOperator", "DbtTestWatcherOperator")


def damaged(home: Path) -> list[Path]:
    """Airflow's own database and settings, if they cannot be read.

    Both are scratch: files are the truth.
    """
    return [
        path
        for path, is_whole in (
            (home / "airflow.db", _is_database),
            (home / "airflow.cfg", _is_configuration),
        )
        if path.exists() and not is_whole(path)
    ]


def _is_database(path: Path) -> bool:
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        ) as connection:
            return bool(connection.execute("pragma quick_check(1)").fetchall() == [("ok",)])
    except (
        sqlite3.DatabaseError
    ) as error:  # one that somebody writes, or may not be opened, is not damaged
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
    print(
        f"{path} was damaged: renamed to damaged.{path.name}, and is created again", file=sys.stderr
    )


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


def prepare_environment(project: Path, *, may_use_sample: bool = True) -> None:
    """Set what Airflow reads when it is imported, and configure the sample if there is no drive.

    Exits if that cannot be done.
    """
    data_dir = Path(os.environ.get("DATA_DIR") or project / "data").resolve()
    defaults = {
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "AIRFLOW__COSMOS__ENABLE_WATCHER_RELIABLE_RETRY": (
            "False"
        ),  # a second write for each event of dbt, for retries that the groups do not have
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
            {
                "type": "file",
                "log_file_path": str(data_dir / "airflow/openlineage.ndjson"),
                "append": True,
            }
        ),
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "building-sensor-platform",
        "AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD": "True",  # not in a process for each event
        "AIRFLOW__OPENLINEAGE__EMISSION_POLICY": json.dumps(
            [
                {
                    "scope": {"operator": f"cosmos.operators.watcher.{name}"},
                    "controls": {"emit": False},
                }
                for name in REPORTS
            ]
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
        PYTHONPATH=f"{project}{os.pathsep}{project / 'plugins'}",
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )
    os.environ.pop(
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", None
    )  # the DAGs of this checkout, whatever else is configured
    close_home(data_dir / "airflow")
    for path in damaged(data_dir / "airflow"):
        _set_aside(path)
    try:
        configure_drive(project / "include/sample_data/drive" if may_use_sample else None)
    except PlatformError as error:
        sys.exit(str(error))


def configure_drive(sample: Path | None) -> None:
    """Use a copy of the sample as the drive if no remote of an active datasource is configured.

    Raises ConfigurationError if there is no sample to use, or no place for state and releases.
    """
    settings = Settings.from_environment()
    drives = remotes_of(active_locations(settings.seeds_dir))
    needed = {"STATE_REMOTE": settings.state_remote, "PUBLISH_REMOTE": settings.publish_remote}
    known = rclone.remotes()
    if not drives or any(remote.lower() in known for remote in drives):
        for variable, place in needed.items():
            if (remote := remote_of(place)) and remote.lower() not in known:
                raise ConfigurationError(
                    f"{variable} is {place}, and no remote {remote} is configured",
                    where="environment",
                    cure=(
                        f"set {variable} to an rclone path such as"
                        f" {_example(drives, known)}:{place.partition(':')[2]}, or configure"
                        f" {remote} (rclone config). The default is the remote of the first active"
                        " datasource in datasources_config.csv"
                    ),
                )
        return
    missing = f"no remote of an active datasource is configured: {', '.join(drives)}"
    if sample is None:
        variable = next(iter(alias_variables(drives[0], settings.data_dir)))
        raise ConfigurationError(
            missing,
            where="rclone",
            cure=f"set {variable} and the remote's other options (rclone config show), as secrets",
        )
    drive = settings.data_dir / "drive"
    if not sample.exists():
        cure = "configure a remote (README, Your own drive), or restore the sample from git"
        raise ConfigurationError(
            f"{missing}, and the sample is missing", where=str(sample), cure=cure
        )
    copy_sample(sample, drive)
    for number, remote in enumerate(
        drives
    ):  # the sample is the first one's; each other one has an empty folder of its own
        os.environ.update(
            alias_variables(remote, drive if number == 0 else settings.data_dir / f"drive-{remote}")
        )


def copy_sample(sample: Path, drive: Path) -> None:
    """Copy the sample to a drive that has none; where it is in one folder, `raw/`, move its files
    to their datasources' folders.
    """
    if any((drive / folder.name).exists() for folder in sample.iterdir()):
        return
    before = drive / "raw"
    if not before.exists():
        shutil.copytree(sample, drive, dirs_exist_ok=True)
        return
    for path in filter(Path.is_file, sample.rglob("*")):
        target = drive / path.relative_to(sample)
        target.parent.mkdir(parents=True, exist_ok=True)
        if (before / path.name).exists():
            (before / path.name).replace(target)  # with its time, by which the ledger knows it
    if left := sorted(path.name for path in before.iterdir()):
        print(
            f"{before} is not read any more, and still holds {len(left)} files, the first is"
            f" {left[0]}: move them to the folders that `location` in datasources_config.csv names",
            file=sys.stderr,
        )
    else:
        before.rmdir()


def as_of_note(settings: Settings) -> str:
    """Says that the sample is used and why, and which day is "now" if it is a fixed one."""
    if settings.uses_sample:
        names = ", ".join(remotes_of(active_locations(settings.seeds_dir)))
        return (
            f"Sample    in use as of {settings.as_of}: no remote of an active datasource is"
            f" configured ({names}).\n          To use your own files, see README, Your own drive"
        )
    return f'As of     {settings.as_of} is "now" in every run (AS_OF)' if settings.as_of else ""


def _example(drives: list[str], known: set[str]) -> str:
    return next((remote for remote in drives if remote.lower() in known), "myremote")
