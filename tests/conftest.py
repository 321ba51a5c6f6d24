"""Before Airflow is imported: a home of its own for every test process."""

import atexit
import gc
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.environment import prepare_environment

PROJECT = Path(__file__).resolve().parent.parent
HOME = Path(tempfile.mkdtemp(prefix="platform-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

gc.set_threshold(50_000, 20, 20)  # as `make run` does
UNSET = "AS_OF SEEDS_DIR STATE_REMOTE PUBLISH_REMOTE TIMESERIES_ENGINE GRAPH_ENGINE"
for name in UNSET.split():
    os.environ.pop(name, None)
os.environ.update(
    DATA_DIR=str(HOME), RCLONE_CONFIG_SM2DRIVE_TYPE="alias", RCLONE_CONFIG_SM2DRIVE_REMOTE=str(HOME)
)
os.environ["AIRFLOW__OPENLINEAGE__DISABLED"] = "True"  # test_scheduler reads the events
os.environ["AIRFLOW__CORE__XCOM_BACKEND"] = (
    "sensor_platform.internals.xcom.HowItEnded"  # as `make run` does
)
prepare_environment(PROJECT)
ENVIRONMENT = dict(os.environ)

# `astro dev pytest` runs in the image, which has what the DAGs need and no development packages.
IN_IMAGE = importlib.util.find_spec("hypothesis") is None
if not IN_IMAGE:
    from hypothesis import settings

    settings.register_profile("platform", deadline=None)  # no property is about time
    settings.load_profile("platform")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    return (
        True
        if IN_IMAGE and collection_path.is_file() and collection_path.parent.name != "dags"
        else None
    )


# What a test that runs DAGs, or needs Airflow's database, asks for.
RUNS = {"neo4j_server", "airflow_database", "templates", "published", "new_platform"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-quick` leaves out; let tests that take minutes begin first, so that no process waits in the end."""
    for item in items:
        folder = item.path.relative_to(PROJECT / "tests").parts[0]
        if folder in ("system", "integration", "dags", "dbt") or RUNS & set(
            getattr(item, "fixturenames", ())
        ):
            item.add_marker("long")
    first = (
        "test_crashes",
        "test_scheduler",
        "test_services",
        "test_healing",
        "test_pure_function",
        "test_seeds",
        "test_ways_back",
        "test_docs",
        "test_serverless",
        "test_new_source",
    )
    items.sort(key=lambda item: item.path.stem not in first)


def pytest_report_header() -> list[str]:
    return ["no development packages (make setup): only tests/dags"] if IN_IMAGE else []


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Begin and end with the environment of this process, whatever a test or a module's fixture used."""
    _restore_environment()
    yield
    _restore_environment()


def _restore_environment() -> None:
    of_pytest = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    if os.environ != ENVIRONMENT | of_pytest:
        os.environ.clear()
        os.environ.update(ENVIRONMENT | of_pytest)


@pytest.fixture(scope="session")
def airflow_database() -> None:
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, airflow_database: None) -> Callable:
    """Installations after a run, made once for all test processes and never touched: `templates("2026-02-04", small_drive)`."""
    from filelock import FileLock

    from tests.support.platform import Platform

    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # of all workers of this run

    def template(as_of: str, drive: Callable) -> Platform:
        folder = shared / f"template-{as_of}-{drive.__name__}"
        states = folder / "states.json"
        platform = Platform(folder / "drive", folder / "data")
        with FileLock(f"{folder}.lock"):
            if states.exists():
                platform.states = json.loads(states.read_text())
            else:
                drive(platform.raw)
                states.write_text(json.dumps(platform.run(as_of).states))
        return platform

    return template


@pytest.fixture
def published(tmp_path: Path, templates: Callable) -> Callable:
    """Makes installations on which all DAGs have run: `published("2026-02-04")`, with the small drive or another."""
    from tests.support.raw_files import small_drive

    def make(as_of: str, name: str = "first", drive: Callable = small_drive):
        return templates(as_of, drive).copy(tmp_path / name)

    return make


@pytest.fixture(scope="session")
def neo4j_server() -> Iterator[str]:
    """The address of a Neo4j of this process; its tests are one group, so that one process has them all."""
    from benchmarks.containers import running
    from include.core.settings import Settings
    from include.engines.graph.neo4j import Neo4j
    from tests.support.containers import docker_or_skip

    service = Neo4j().service(Settings.from_environment())
    with running(docker_or_skip(service.image), service) as address:
        yield address


@pytest.fixture
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the seeds, which the runs of this test read."""
    copy = shutil.copytree(PROJECT / "include/dbt/seeds", tmp_path / "seeds")
    monkeypatch.setenv("SEEDS_DIR", str(copy))
    return copy


@pytest.fixture
def new_platform(tmp_path: Path, airflow_database: None) -> Callable:
    """Makes installations: `new_platform()` or `new_platform("second")`, each with an empty drive and DATA_DIR."""
    from tests.support.platform import Platform

    def make(name: str = "first") -> Platform:
        folder = tmp_path / name
        platform = Platform(folder / "drive", folder / "data")
        platform.raw.mkdir()
        return platform

    return make
