"""The recovery drill: every kind of file under DATA_DIR is damaged, cut or deleted; the next run heals it, to the byte."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from cli.environment import damaged
from include.core import files
from include.core.settings import PROJECT_DIR
from include.monitoring.health import read_health
from tests.support.platform import Platform
from tests.support.raw_files import small_drive, thermopro, times

pytestmark = pytest.mark.xdist_group("healing")  # one process has its installations

AS_OF = "2026-02-04"
# Files that do not depend on each other are harmed in one round.
ROUNDS = (
    (
        "catalog/sm2/ledger.parquet",
        "releases/latest/public_dataset_daily.parquet",
        "dimensions/dim_sensor.parquet",
    ),
    (
        "catalog/sm2/readings.json",
        "archive/hourly/*/2026-01.r*.parquet",
        "hierarchy/public_dataset_hierarchy.parquet",
        "findings/health.json",
    ),
    (
        "catalog/sm2/archive.json",
        "readings/building_id=sm2/2026-02.parquet",
        "metrics/metric_daily_summary/*/2026-01.parquet",
        "releases/latest/run.json",
    ),
    (
        "state/sm2.json",
        "archive/weekly/*/2026-01.r*.parquet",
        "dimensions/made_from.json",
        "quarantine/*/*/*.json",
    ),
    (
        "catalog/sm2/accounting.parquet",
        "metrics/metric_sensor_day/*/2026-02.parquet",
        "hierarchy/made_from.json",
        "releases/latest/SHA256SUMS",
    ),
)
# Rewritten by every run, or reported again: whole afterwards, but not the same bytes.
ANEW = ("work/", "findings/", "airflow/", "releases/latest/run.json")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4] = bytes(255 - byte for byte in content[middle : middle + 4])
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def delete(path: Path) -> None:
    path.unlink()


def test_airflow_s_own_files_are_scratch(tmp_path: Path) -> None:
    """The tests share an Airflow, hence apart: its database and settings are harmed, and it begins with new ones."""
    code = "from pathlib import Path; from cli.environment import prepare_environment as p; p(Path.cwd()); from airflow.utils.db import initdb; initdb()"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")
    } | {"DATA_DIR": str(tmp_path)}

    def begin() -> str:
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=PROJECT_DIR,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stderr

    begin()
    for harm in (flip, truncate, delete):
        (tmp_path / "airflow/airflow.db-wal").write_bytes(b"of the old one")
        # as `make ui` leaves one
        (tmp_path / "airflow/airflow.cfg").write_text("[core]\nparallelism = 4\n")
        for name in ("airflow.db", "airflow.cfg"):
            harm(tmp_path / "airflow" / name)
        said = begin()
        assert ("airflow.db was damaged" in said) == (harm is not delete)
        assert damaged(tmp_path / "airflow") == []
        set_aside = tmp_path / "airflow/damaged.airflow.db-wal"
        assert set_aside.exists() == (harm is not delete)
        set_aside.unlink(missing_ok=True)


@pytest.mark.parametrize("harms", [[flip, truncate], [delete]], ids=["damage", "delete"])
def test_the_next_run_heals_what_was_harmed(
    published: Callable[..., Platform], harms: list[Callable[[Path], None]]
) -> None:
    """Damaged files are found by their checksums, however they were damaged: each in one way."""
    in_turn = cycle(harms)
    platform = published(AS_OF, drive=drive_with_a_bad_file)
    sums = platform.sums
    for names in ROUNDS:
        harmed = {
            path: path.read_bytes()
            for name in names
            for path in [next(iter(sorted(platform.data.glob(name))), None)]
            if path
        }
        assert len(harmed) == len(names), names
        for path in harmed:
            next(in_turn)(path.resolve())
        platform.run(AS_OF)
        assert platform.states["aggregate_and_publish"] == "success", names
        assert platform.sums == sums
        for path, content in harmed.items():
            if not str(path.relative_to(platform.data)).startswith(ANEW):
                assert path.read_bytes() == content, path
    healed = {cause.key for cause in read_health(platform.settings) if cause.check == "healed"}
    assert (
        "catalog/sm2/archive.json" in healed
        and "readings/building_id=sm2/2026-02.parquet" in healed
    )


def test_without_any_copy_months_are_made_again_from_their_inputs(
    published: Callable[..., Platform],
) -> None:
    platform = published(AS_OF, drive=drive_with_a_bad_file)
    sums, readings = platform.sums, sorted((platform.data / "readings/building_id=sm2").iterdir())
    before = [path.read_bytes() for path in readings]
    for folder in ("readings", "metrics", "archive", "landing"):
        shutil.rmtree(platform.drive / "Platform" / folder)
    shutil.rmtree(platform.data / "landing")  # the drive still has them
    for path in (
        *readings,
        *(platform.data / "archive").rglob("*.parquet"),
        *(platform.data / "metrics").rglob("*.parquet"),
    ):
        path.unlink()
    platform.run(AS_OF)
    assert platform.states["aggregate_and_publish"] == "success"
    assert [path.read_bytes() for path in readings] == before
    assert platform.sums == sums


def test_a_damaged_state_on_the_remote_is_written_again(published: Callable[..., Platform]) -> None:
    platform = published(AS_OF, drive=drive_with_a_bad_file)
    (damaged,) = (platform.drive / "Platform/state").glob("sm2@*.json")
    truncate(damaged)
    platform.run(AS_OF)
    assert platform.states["aggregate_and_publish"] == "success"
    (state,) = (platform.drive / "Platform/state").glob("sm2@*.json")
    assert state.read_bytes() == (platform.data / "state/sm2.json").read_bytes()


def test_a_damaged_text_of_an_input_is_not_built_from(published: Callable[..., Platform]) -> None:
    platform, undamaged = (
        published(AS_OF, name, drive_with_a_bad_file) for name in ("damaged", "undamaged")
    )
    for one in (platform, undamaged):
        thermopro(one.raw, "493D", times("2026-02-04 00:00", 24), exported=1770249607)
    for text in (platform.data / "landing").rglob("*.parquet"):
        flip(text)
    platform.run("2026-02-05")
    undamaged.run("2026-02-05")
    assert platform.sums == undamaged.sums


def drive_with_a_bad_file(raw: Path) -> None:
    small_drive(raw)
    thermopro(
        raw, "CCEA", times("2026-01-20 00:00", 30), value=lambda n: "20,5", exported=1769904777
    )


def test_restore_month_proves_a_month_equal_and_puts_nothing_in_place_that_is_not(
    published: Callable[..., Platform],
) -> None:
    platform = published(AS_OF, drive=drive_with_a_bad_file)
    month = platform.data / "readings/building_id=sm2/2026-01.parquet"
    content = month.read_bytes()
    month.write_bytes(b"lost")
    platform.run(only="restore_month", building="sm2", months=["2026-01"])
    assert platform.states["restore_month"] == "success"
    assert month.read_bytes() == content

    manifest = platform.data / "catalog/sm2/readings.json"
    rows = files.read_sealed(manifest)
    files.write_sealed(manifest, [{**row, "sha256": "0" * 64} for row in rows])
    month.write_bytes(b"not what it was")
    platform.run(only="restore_month", building="sm2", months=["2026-01"])
    assert platform.states["restore_month.prove_and_store"] == "failed"
    assert month.read_bytes() == b"not what it was"

    platform.run(only="restore_month", building="sm2", months=["2024-01"])
    assert platform.states["restore_month.plan_restoration"] == "failed"
