"""Runs the real DAGs in this process, on a drive and a DATA_DIR of a test's own."""

import gc
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from airflow.models import TaskInstance
from airflow.utils.session import create_session

from cli.run import in_asset_order
from include.core.clock import parse_as_of
from include.core.settings import Settings
from include.ledger.ledger import FileVersion, Ledger
from include.registry import Registry, Run, load_registry
from include.release import release as releases
from sensor_platform.internals.airflow_runs import load_dags, register_dags, run_once
from tests.support.raw_files import Raw


@cache
def dag_bag() -> Any:
    """The DAGs as their files make them."""
    bag = load_dags()
    assert not bag.import_errors, bag.import_errors
    return bag


@cache
def runnable_dags() -> dict[str, Any]:
    """The DAGs that runs use, which adapt them."""
    bag = load_dags()
    register_dags(bag)
    return bag.dags


@cache
def freeze_what_it_loaded(dag_id: str) -> None:
    """Once for each DAG, or garbage of all runs would stay."""
    gc.collect()
    gc.freeze()  # as `make run` does


@dataclass
class Platform:
    """One installation: `drive` is what the outside world sees, `data` is this machine's working copy."""

    drive: Path
    data: Path
    states: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)  # besides that of `use`

    def copy(self, folder: Path) -> "Platform":
        """Another installation that stands where this one does."""
        shutil.copytree(self.drive, folder / "drive", symlinks=True)
        shutil.copytree(
            self.data, folder / "data", symlinks=True, ignore=shutil.ignore_patterns("airflow")
        )
        return Platform(folder / "drive", folder / "data", dict(self.states))

    @property
    def raw(self) -> Raw:
        return Raw(self.drive)

    def use(self) -> None:
        os.environ.update(
            DATA_DIR=str(self.data),
            RCLONE_CONFIG_SM2DRIVE_TYPE="alias",
            RCLONE_CONFIG_SM2DRIVE_REMOTE=str(self.drive),
            **self.environment,
        )

    def publish(self, as_of: str) -> "Platform":
        """The two DAGs that change what is published."""
        return self.run(as_of, only="refresh").run(as_of, only="aggregate_and_publish")

    def run(self, as_of: str = "2026-03-01", only: str = "", **params: Any) -> "Platform":
        """All DAGs (or only one) in the order of their assets, as `make run` does."""
        self.use()
        dags = runnable_dags()
        for dag_id in [only] if only else in_asset_order(dags):
            known = dags[dag_id].params
            params = {
                "skip_checks": [],
                "skip_reason": "",
                "building": "",
                **params,
            }  # dag.test remembers the last run's
            run = run_once(
                dags[dag_id],
                {"as_of": as_of, **{name: params[name] for name in params if name in known}},
            )
            freeze_what_it_loaded(dag_id)
            self.states[dag_id] = run.state
            with create_session() as session:
                for task in session.query(TaskInstance).filter_by(dag_id=dag_id, run_id=run.run_id):
                    self.states[f"{dag_id}.{task.task_id}"] = task.state
        return self

    @property
    def settings(self) -> Settings:
        self.use()
        return Settings.from_environment()

    @property
    def registry(self) -> Registry:
        return load_registry(self.settings.seeds_dir)

    def at(self, as_of: str) -> Run:
        """The run of a task as of that time, which is no replay."""
        return Run(self.settings, self.registry, parse_as_of(as_of))

    @property
    def ledger(self) -> Ledger:
        return Ledger.read(self.settings.paths)

    @property
    def release(self) -> releases.Release:
        found = releases.latest(self.settings)
        assert found is not None, "nothing was published"
        return found

    def version_of(self, path: Path | str) -> FileVersion:
        name = Path(path).name
        return next(v for v in reversed(self.ledger.versions) if Path(v.path).name == name)

    def table(self, name: str) -> pa.Table:
        return pq.read_table(self.release.path / f"{name}.parquet")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """SQL over the release's tables, by their names."""
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            for path in self.release.path.glob("*.parquet"):
                connection.execute(
                    f"create view {path.stem} as select * from read_parquet('{path}')"
                )
            return connection.execute(sql).fetchall()

    @property
    def sums(self) -> str:
        return (self.release.path / "SHA256SUMS").read_text()


def tree(folder: Path, keep: Callable[[Path], bool] = lambda path: True) -> dict[str, bytes]:
    """Relative names and contents of all files below a folder."""
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and keep(p)
    }
