"""A day without a server: each run begins on an empty machine and ends with everything on the drive."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from include.core.paths import DataPaths
from include.core.settings import PROJECT_DIR
from include.ledger.ledger import Ledger
from tests.support.raw_files import Raw, small_drive, thermopro, times


def run(drive: Path, data: Path, as_of: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        "DATA_DIR": str(data), "AS_OF": as_of, "RCLONE_CONFIG_SM2DRIVE_TYPE": "alias", "RCLONE_CONFIG_SM2DRIVE_REMOTE": str(drive),
    }  # fmt: skip
    return subprocess.run(
        [PROJECT_DIR / "cli/serverless"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_days_on_two_empty_machines(tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    small_drive(Raw(drive))
    first = run(drive, tmp_path / "monday", "2026-02-04")
    assert first.returncode == 0, first.stdout + first.stderr
    before = json.loads((drive / "Public/latest.json").read_text())

    refused = thermopro(
        Raw(drive),
        "CCEA",
        times("2026-02-03 00:00", 24),
        value=lambda n: "20,5",
        exported=1770163200,
    )
    thermopro(Raw(drive), "072B", times("2026-02-03 00:00", 24), exported=1770163201)
    second = run(drive, tmp_path / "tuesday", "2026-02-05")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "sync_building_hierarchy" in first.stdout
    assert "sync_building_hierarchy" not in second.stdout, "its seeds have not changed"
    assert f"{refused.name} is refused" in second.stdout
    assert "::warning::" in second.stdout
    after = json.loads((drive / "Public/latest.json").read_text())
    assert after["version"] > before["version"]
    assert {path.name for path in (drive / "Public/releases").iterdir()} == {
        before["version"],
        after["version"],
    }
    seen = [
        (version.first_seen.day, version.verdict)
        for version in Ledger.read(DataPaths(tmp_path / "tuesday")).versions
    ]
    assert sorted(seen) == [(4, "accepted")] * 3 + [(5, "accepted"), (5, "refused")]

    a_moved_data_dir_goes_on(drive, tmp_path / "tuesday", tmp_path / "moved")


def a_moved_data_dir_goes_on(drive: Path, data: Path, moved: Path) -> None:
    """Also one whose Airflow database knows the assets by the URIs of an earlier version: paths in DATA_DIR."""
    with contextlib.closing(sqlite3.connect(data / "airflow/airflow.db")) as database, database:
        for table in ("asset_active", "asset"):
            database.execute(
                f"update {table} set uri = ? || '/' || name where name <> 'drives'", [data.as_uri()]
            )
    data.rename(moved)
    (moved / "airflow").chmod(0o755)  # as an earlier version has left it
    (moved / "airflow/airflow.db").chmod(0o644)
    thermopro(Raw(drive), "072B", times("2026-02-04 00:00", 24), exported=1770249602)
    ended = run(drive, moved, "2026-02-06")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "inactive assets" not in ended.stdout
    assert "(published)" in ended.stdout
    home = [moved / "airflow", *(moved / "airflow").glob("airflow.*")]
    assert [path.name for path in home if path.stat().st_mode & 0o077] == [], (
        "passwords and keys are their owner's alone"
    )
    assert (moved / "releases/latest/SHA256SUMS").stat().st_mode & 0o004, "releases are for all"


def test_without_a_drive_it_says_what_to_set(tmp_path: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("RCLONE_CONFIG")
    }
    ended = subprocess.run(
        [PROJECT_DIR / "cli/serverless"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "RCLONE_CONFIG_SM2DRIVE_TYPE" in ended.stderr


def test_without_its_packages_it_ends_with_one(tmp_path: Path) -> None:
    for name in ("Makefile", "cli/serverless"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT_DIR / name, tmp_path / name)
    ended = subprocess.run(
        [tmp_path / "cli/serverless"],
        env={**os.environ, "RCLONE_CONFIG_SM2DRIVE_TYPE": "alias"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, "requirements.lock is missing" in ended.stderr) == (1, True), (
        ended.stderr
    )
