"""The sample is used where no remote of an active datasource is configured, whatever the remotes are called."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.environment import copy_sample
from include.core.drives import active_locations, remote_of, remotes_of
from include.core.settings import PROJECT_DIR, SAMPLE_AS_OF
from tests.support.raw_files import Raw, sample_drive

SEEDS = PROJECT_DIR / "include/dbt/seeds"
PREPARE = """
import json, os, sys
from pathlib import Path
from include.core.settings import PROJECT_DIR, Settings
from cli.environment import as_of_note, prepare_environment
prepare_environment(PROJECT_DIR)
found = Settings.from_environment()
aliases = {name: value for name, value in os.environ.items() if name.startswith("RCLONE_CONFIG_")}
print(json.dumps([found.uses_sample, found.as_of, found.state_remote, found.publish_remote, aliases, as_of_note(found)]))
"""
NO_REMOTE: dict[str, str] = {}


def seeds(folder: Path, *locations: str) -> Path:
    """The shipped seeds with active datasources at these locations, and no others that are active."""
    shutil.copytree(SEEDS, folder / "seeds")
    seed = folder / "seeds/datasources_config.csv"
    header, first, *_ = seed.read_text().splitlines()
    rows = [
        first.replace("sm2drive:Vzduchotechnika/Latest/Upload", location).replace(
            "sm2_atrea", f"source_{number}"
        )
        for number, location in enumerate(locations)
    ]
    seed.write_text("\n".join([header, *rows]) + "\n")
    return folder / "seeds"


def prepared(folder: Path, seeds_dir: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RCLONE_", "AIRFLOW"))
    }
    environment = inherited | {
        "DATA_DIR": str(folder / "data"),
        "SEEDS_DIR": str(seeds_dir),
        "RCLONE_CONFIG": str(folder / "rclone.conf"),
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-c", PREPARE],
        env=environment,
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_shipped_seeds_without_a_remote(tmp_path: Path) -> None:
    ended = prepared(tmp_path, SEEDS)
    uses_sample, as_of, state, publish, aliases, note = json.loads(ended.stdout)
    assert (uses_sample, as_of, state, publish) == (
        True,
        SAMPLE_AS_OF,
        "sm2drive:Platform",
        "sm2drive:Public",
    )
    assert aliases == {
        "RCLONE_CONFIG_SM2DRIVE_TYPE": "alias",
        "RCLONE_CONFIG_SM2DRIVE_REMOTE": str(tmp_path / "data/drive"),
    }
    assert len(Raw(tmp_path / "data/drive").glob("*.csv")) == 74
    assert (
        SAMPLE_AS_OF in note
        and "no remote of an active datasource is configured (sm2drive)" in note
        and "README" in note
    )


def test_a_sample_in_one_folder_is_moved_to_the_folders_of_its_datasources(tmp_path: Path) -> None:
    """As versions up to 0.3 kept it. Times stay, so that the ledger knows every file."""
    drive = tmp_path / "data/drive"
    raw = drive / "raw"
    shutil.copytree(PROJECT_DIR / "include/sample_data/drive", tmp_path / "sample")
    raw.mkdir(parents=True)
    for path in Raw(tmp_path / "sample").glob("*.csv"):
        path.rename(raw / path.name)
    (raw / "my own.csv").write_text("a")
    was = {path.name: path.stat().st_mtime_ns for path in raw.glob("*") if "own" not in path.name}
    ended = prepared(tmp_path, SEEDS)
    assert "still holds 1 files, the first is my own.csv" in ended.stderr
    moved = Raw(drive).glob("*")
    assert {path.name: path.stat().st_mtime_ns for path in moved} == was
    assert [path.name for path in raw.iterdir()] == ["my own.csv"]


@pytest.mark.xdist_group("sample")
def test_an_old_working_copy_continues_with_a_quiet_day(published) -> None:
    """Its files are in `raw`; moved, they are the files that the ledger knows."""
    platform = published("2026-03-01", drive=sample_drive)
    raw, before = platform.drive / "raw", platform.ledger.versions
    raw.mkdir()
    for path in platform.raw.glob("*.csv"):
        path.rename(raw / path.name)
    for folder in ("Vzduchotechnika", "Indoor"):
        shutil.rmtree(platform.drive / folder)
    copy_sample(PROJECT_DIR / "include/sample_data/drive", platform.drive)
    assert not raw.exists()
    release = platform.release.version
    platform.publish("2026-03-01")
    assert platform.ledger.versions == before
    assert platform.release.version == release
    assert platform.states["aggregate_and_publish.merge_archive"] == "success"


def test_every_remote_that_the_seeds_name_gets_an_alias_and_only_the_first_the_sample(
    tmp_path: Path,
) -> None:
    ended = prepared(tmp_path, seeds(tmp_path, "One Drive:a/b", "two:raw", "two:other"))
    uses_sample, _, state, _, aliases, _ = json.loads(ended.stdout)
    assert (uses_sample, state) == (True, "One Drive:Platform")
    assert {name: value for name, value in aliases.items() if name.endswith("_REMOTE")} == {
        "RCLONE_CONFIG_ONE DRIVE_REMOTE": str(tmp_path / "data/drive"),
        "RCLONE_CONFIG_TWO_REMOTE": str(tmp_path / "data/drive-two"),
    }


def test_a_folder_of_this_machine_is_read_beside_the_sample(tmp_path: Path) -> None:
    ended = prepared(tmp_path, seeds(tmp_path, "one:raw", "/some/folder"))
    uses_sample, _, state, _, aliases, note = json.loads(ended.stdout)
    assert (uses_sample, state) == (True, "one:Platform")
    assert aliases["RCLONE_CONFIG_ONE_REMOTE"] == str(tmp_path / "data/drive")
    assert "Sample    in use" in note


@pytest.mark.parametrize(
    ("location", "variables", "state"),
    [
        (
            "mydrive:raw",
            {"RCLONE_CONFIG_MYDRIVE_TYPE": "alias", "RCLONE_CONFIG_MYDRIVE_REMOTE": "/tmp"},
            "mydrive:Platform",
        ),
        (
            "MyDrive:raw",
            {"RCLONE_CONFIG_MYDRIVE_TYPE": "alias", "RCLONE_CONFIG_MYDRIVE_REMOTE": "/tmp"},
            "MyDrive:Platform",
        ),
        ("/some/folder", NO_REMOTE, "{data}/drive/Platform"),
        (":local:/some/folder", NO_REMOTE, "{data}/drive/Platform"),
    ],
)
def test_a_drive_of_any_name_is_the_users_own(
    location: str, variables: dict[str, str], state: str, tmp_path: Path
) -> None:
    ended = prepared(tmp_path, seeds(tmp_path, location), **variables)
    uses_sample, as_of, found, _, aliases, note = json.loads(ended.stdout)
    assert (uses_sample, as_of, note) == (False, "", "")
    assert found == state.format(data=tmp_path / "data")
    assert aliases == variables
    assert not (tmp_path / "data/drive").exists()


def test_a_remote_in_the_configuration_file(tmp_path: Path) -> None:
    (tmp_path / "rclone.conf").write_text("[mydrive]\ntype = alias\nremote = /tmp\n")
    ended = prepared(tmp_path, seeds(tmp_path, "mydrive:raw"), AS_OF="2026-02-04")
    uses_sample, as_of, _, _, _, note = json.loads(ended.stdout)
    assert (uses_sample, as_of) == (False, "2026-02-04")
    assert "2026-02-04" in note


def test_state_without_a_place_is_reported_before_anything_starts(tmp_path: Path) -> None:
    """The second building has a drive, and the first, on whose drive the state is by default, has none."""
    drive = {"RCLONE_CONFIG_MYDRIVE_TYPE": "alias", "RCLONE_CONFIG_MYDRIVE_REMOTE": "/tmp"}
    ended = prepared(tmp_path, seeds(tmp_path, "olddrive:raw", "mydrive:raw"), **drive)
    assert ended.returncode == 1
    assert "STATE_REMOTE is olddrive:Platform, and no remote olddrive is configured" in ended.stderr
    assert "mydrive:Platform" in ended.stderr
    places = {"STATE_REMOTE": "mydrive:Platform", "PUBLISH_REMOTE": "mydrive:Public"}
    assert prepared(tmp_path, tmp_path / "seeds", **drive, **places).returncode == 0


def test_a_configuration_that_cannot_be_read_is_no_reason_for_the_sample(tmp_path: Path) -> None:
    (tmp_path / "rclone.conf").write_text(
        "# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    )
    ended = prepared(tmp_path, SEEDS)
    assert (ended.returncode, "password" in ended.stderr) == (1, True), ended.stderr
    assert not (tmp_path / "data/drive").exists()


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("a:b", "a"),
        ("a,x=1:b:c", "a"),
        ("a:", "a"),
        ("/a:b", ""),
        ("./a:b", ""),
        ("a/b:c", ""),
        (":s3:b", ""),
        (":s3,env_auth:b", ""),
    ],
)
def test_the_name_of_a_remote(location: str, name: str) -> None:
    assert remote_of(location) == name


def test_a_seed_that_cannot_be_read_names_no_remote(tmp_path: Path) -> None:
    assert remotes_of(active_locations(tmp_path)) == []


def test_no_code_names_a_drive() -> None:
    names = re.compile("|".join(map(re.escape, remotes_of(active_locations(SEEDS)))), re.IGNORECASE)
    files = [
        path
        for folder in ("dags", "include", "plugins", "cli")
        for path in (PROJECT_DIR / folder).rglob("*")
        if path.is_file()
    ]
    code = [
        path
        for path in files
        if not {"seeds", "target", "sample_data", "__pycache__"} & set(path.parts)
    ]
    assert len(code) > 100
    assert [path for path in code if names.search(path.read_text(errors="replace"))] == []
