"""Before Airflow is imported: a home of its own for every test process."""

import atexit
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.environment import prepare_environment

PROJECT = Path(__file__).resolve().parent.parent
HOME = Path(tempfile.mkdtemp(prefix="platform-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

for name in ("AS_OF", "STATE_REMOTE", "PUBLISH_REMOTE", "TIMESERIES_ENGINE", "GRAPH_ENGINE"):
    os.environ.pop(name, None)
os.environ.update(DATA_DIR=str(HOME), RCLONE_CONFIG_SM2DRIVE_TYPE="alias", RCLONE_CONFIG_SM2DRIVE_REMOTE=str(HOME))
prepare_environment(PROJECT)

# `astro dev pytest` runs in the image, which has what the DAGs need and no development packages.
IN_IMAGE = importlib.util.find_spec("hypothesis") is None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    return True if IN_IMAGE and collection_path.is_file() and collection_path.parent.name != "dags" else None


def pytest_report_header() -> list[str]:
    return ["no development packages (make setup): only tests/dags"] if IN_IMAGE else []


@pytest.fixture(scope="session")
def airflow_database() -> None:
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def new_platform(tmp_path: Path, airflow_database: None) -> Callable:
    """Makes installations: `new_platform()` or `new_platform("second")`, each with an empty drive and DATA_DIR."""
    from tests.platform import Platform

    def make(name: str = "first") -> Platform:
        folder = tmp_path / name
        (folder / "drive/raw").mkdir(parents=True)
        return Platform(folder / "drive", folder / "data")

    return make
