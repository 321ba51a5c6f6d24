"""An apartment is given out whole, and then taken out of everything, while the other one stays."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cli.example import DRIVE
from include.core import files
from include.core.paths import DataPaths
from include.core.settings import PROJECT_DIR
from include.ledger.ledger import Ledger
from include.registry.cells import EXAMPLE

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("examples")]
GONE, STAYS = "apartments.jeremie", "apartments.jimmy"
# people's own files, what this machine's Airflow remembers of its runs
NOT_OURS = ("seeds", f"{DRIVE}/smb", f"{DRIVE}/sftp", "airflow")


@pytest.fixture
def home(apartments: DataPaths, tmp_path: Path) -> Path:
    copied = tmp_path / EXAMPLE / "apartments"
    shutil.copytree(apartments.root, copied, symlinks=True)
    return copied


def test_what_is_exported_is_complete_and_what_is_erased_is_nowhere(home: Path) -> None:
    paths = DataPaths(home)
    release = home / "publications/apartments/releases"
    before, ledger = sorted(path.name for path in release.glob("2*")), Ledger.read(paths)
    own = {v.number for v in ledger.versions if v.datasource_id == "apartments_jeremie"}
    raw = pq.read_table(release / "latest/public_dataset_raw.parquet")
    rows = [row for row in raw.to_pylist() if row["location"].startswith("jeremie/")]
    others = [row for row in raw.to_pylist() if not row["location"].startswith("jeremie/")]

    run(
        home, "export", GONE
    )  # as of the sample's day, though another test may have run a later one
    [exported] = home.glob("exports/apartments/*/*.zip")
    with zipfile.ZipFile(exported) as archive:
        names = archive.namelist()
        table = pq.read_table(BytesIO(archive.read("tables/fct_sensor_readings.parquet")))
        facts = pq.read_table(BytesIO(archive.read("tables/fact_energy_minute.parquet")))
    assert table.num_rows == len(rows) > 0
    assert facts.num_rows > 0
    received = list((home / DRIVE / "smb").glob("*Jeremie*"))
    assert sum(name.startswith("raw/") for name in names) == len(received)

    run(home, "erase", GONE)
    assert not list(holding(home)), "neither a name nor a value of it is left"
    now = (release / "latest").resolve().name
    assert [path.name for path in release.glob("2*")] == [now]
    assert [row["version"] for row in files.read_json(release / "withdrawn.json")] == before
    there = home / DRIVE / "Published"
    assert [path.name for path in (there / "releases").glob("2*")] == [now]
    assert files.read_json(there / "latest.json")["version"] == now
    left = pq.read_table(release / "latest/public_dataset_raw.parquet").to_pylist()
    assert left == others, "the other apartment and the weather are what they were"
    assert [row["apartment"] for row in table_of(release, "dim_apartment")] == ["jimmy"]
    assert not own & {v.number for v in Ledger.read(paths).versions}

    run(home, "", "")  # the next day's run finds the files of the drive again, and leaves them
    assert not list(holding(home))
    assert (release / "latest").resolve().name == now


def table_of(release: Path, name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(release / f"latest/{name}.parquet").to_pylist()
    return rows


def run(home: Path, dag: str, place: str) -> None:
    more = ["--dag", dag, "--param", f"place={place}"] if dag else []
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    if dag != "export":
        last = files.read_json(home / "publications/apartments/releases/latest/run.json")
        more += ["--as-of", last["as_of"]]
    done = subprocess.run(
        [sys.executable, PROJECT_DIR / "cli/example.py", "apartments", *more],
        env=kept | {"DATA_DIR": str(home.parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in ((0,) if dag else (0, 2)), done.stdout + done.stderr


def holding(home: Path) -> Iterator[str]:
    """The files of the platform whose names or bytes say something of the apartment, uncompressed."""
    for path in home.rglob("*"):
        name = str(path.relative_to(home))
        if name.startswith(NOT_OURS) or not path.is_file():
            continue
        content = path.read_bytes()
        if content.startswith(b"PAR1"):
            content = repr(pq.read_table(path).to_pydict()).encode()
        if b"jeremie" in (name.encode() + content).lower():
            yield name
