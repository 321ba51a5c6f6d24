"""The apartments, which several files look at: made once in a process (group `examples`)."""

from collections.abc import Iterator

import duckdb
import pytest

from include.core.paths import DataPaths
from tests.support.examples import make_example


@pytest.fixture(scope="session")
def apartments(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    folders = {"smb": "smb", "smb_late": "smb", "sftp": "sftp"}
    return make_example("apartments", tmp_path_factory.mktemp("apartments"), folders)


@pytest.fixture
def events(apartments: DataPaths) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of the restricted release, by their names."""
    release = apartments.root / "publications/apartments/releases/latest"
    with duckdb.connect() as database:
        database.execute("set timezone = 'UTC'")
        for path in release.glob("*.parquet"):
            database.read_parquet(str(path)).create_view(path.stem)
        yield database
