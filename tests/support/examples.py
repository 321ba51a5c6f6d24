"""The example sites after their runs, and the truth of the generator where its data are there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from cli.example import DRIVE
from include.core.paths import DataPaths
from include.core.settings import PROJECT_DIR
from include.registry.cells import EXAMPLE

TRUTH = PROJECT_DIR.parent / "shared/data"  # beside the repository, where the generator has run


def make_example(name: str, data: Path, drives: Mapping[str, str] | None = None) -> DataPaths:
    """The site after its run: of all that was generated where that is there, else of its sample.

    `drives`: folders of the drive, by those of the generated data that are copied there.
    """
    home = data / EXAMPLE / name
    for source, target in (drives or {}).items():
        if (TRUTH / name).exists():
            shutil.copytree(TRUTH / name / source, home / DRIVE / target, dirs_exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    done = subprocess.run(
        [sys.executable, PROJECT_DIR / "cli/example.py", name],
        env=kept | {"DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 2), done.stdout + done.stderr
    return DataPaths(home)


def truth_of(name: str) -> Path:
    """The tables that the generator of the whole data wrote beside them."""
    where = TRUTH / name / "expected"
    if not where.exists():
        pytest.skip(f"{where} is not there: this repository has the sample alone")
    return where


def assert_same(database: duckdb.DuckDBPyConnection, published: str, expected: str) -> None:
    """Two queries have the same rows, and some."""
    for one, other in ((published, expected), (expected, published)):
        missing = database.sql(f"from ({one}) except all from ({other})").fetchall()
        assert not missing, (len(missing), missing[:3])
    assert database.sql(f"select count(*) > 0 from ({published})").fetchall() == [(True,)]
