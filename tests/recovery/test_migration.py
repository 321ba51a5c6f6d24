"""State of format 2, which remembered all buildings in one file, becomes a catalog of each building."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest

from include.core import files
from include.core.paths import DataPaths
from include.core.settings import Settings
from include.core.state_remote import stored_name
from include.ledger.ledger import SCHEMA, STATE_FORMAT, FileVersion, Ledger
from include.recovery.migration import OLD, split_by_building
from include.replication import state
from include.store.readings import ACCOUNTING, read_accounting
from include.store.store import Store

BUILDINGS = ("annex", "sm2")
GENERATION = 7


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "drive").mkdir()
    monkeypatch.setenv("RCLONE_CONFIG_SM2DRIVE_TYPE", "alias")
    monkeypatch.setenv("RCLONE_CONFIG_SM2DRIVE_REMOTE", str(tmp_path / "drive"))
    return replace(Settings.from_environment(), data_dir=tmp_path / "data")


def remote_of(settings: Settings) -> Path:
    return settings.paths.root.parent / "drive/Platform"


def format_of(remote: Path) -> int:
    """What the remote says to an older checkout."""
    found: int = json.loads((remote / "state.json").read_text())["content"]["state_format"]
    return found


def version(number: int, building_id: str) -> FileVersion:
    digest = sha256(str(number).encode()).hexdigest()
    seen = datetime(2026, 2, 1, tzinfo=UTC)
    return FileVersion(
        number, f"{building_id}_indoor", building_id, f"{number}.csv", 1, "", digest, seen, "accepted"
    )  # fmt: skip


@pytest.fixture
def versions(settings: Settings) -> list[FileVersion]:
    """As a checkout of format 2 left them, here and on the state remote: its ledger counted through
    all buildings, so that each has gaps.
    """
    root = settings.paths.root
    found = [version(1, "sm2"), version(2, "annex"), version(3, "sm2"), version(4, "annex")]
    for one in found:
        files.write_text(
            settings.paths.landed(one.building_id, one.datasource_id, one.sha256), str(one.number)
        )
    apart = DataPaths(root.parent / "apart")
    Ledger(found).write(apart)
    tables = [files.read_parquet(apart.ledger(name), SCHEMA) for name in BUILDINGS]
    ledger = pa.concat_tables(tables).sort_by("number")
    files.write_parquet(
        root / "ledger.parquet", ledger.replace_schema_metadata({b"state_format": b"2"})
    )
    month = {"month": "2026-01", "fingerprint": "f", "sha256": "s", "rows": 1}
    unit = {**month, "grain": "daily", "revision": 1}
    month |= {"metrics": {}, "rejected": "", "sources": ["x"]}
    for name, row in (("readings", month), ("archive", unit)):
        rows = [{"building_id": building, **row} for building in BUILDINGS]
        files.write_sealed(root / name / "manifest.json", rows)
    counted = [
        {"building_id": v.building_id, "month": "2026-01", "source_file": v.number} for v in found
    ]
    table = pa.Table.from_pylist(counted, schema=ACCOUNTING)
    files.write_parquet(root / "readings/accounting.parquet", table)
    files.write_text(root / "dimensions/dim_building.parquet", "of all")
    there = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    digests = {name: files.sha256(root / name) for name in there}
    for name, digest in digests.items():
        target = remote_of(settings) / stored_name(name, digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, target)
    remembered = {"generation": GENERATION, "files": digests, "state_format": 2}
    files.write_sealed(root / "state.json", remembered)
    shutil.copy(root / "state.json", remote_of(settings) / "state.json")
    return found


@pytest.fixture
def remote(settings: Settings, versions: list[FileVersion]) -> Path:
    """The state remote, once the old state was split and pushed."""
    assert versions
    split_by_building(settings)
    state.push(settings)
    return remote_of(settings)


@pytest.mark.parametrize("harm", ["nothing", "this machine is lost", "state.json", *OLD])
def test_each_building_keeps_what_was_remembered_of_it(
    settings: Settings, versions: list[FileVersion], harm: str
) -> None:
    root = settings.paths.root
    if (root / harm).exists():
        (root / harm).write_bytes(b"damaged")
    elif harm != "nothing":
        shutil.rmtree(root)
    assert split_by_building(settings)
    ledger = Ledger.read(settings.paths)
    assert sorted(v.key for v in ledger.versions) == sorted(v.key for v in versions)
    assert [len(Ledger.read(settings.paths, name).versions) for name in BUILDINGS] == [2, 2]
    accounted = read_accounting(settings).to_pylist()
    assert {(row["building_id"], row["source_file"]) for row in accounted} == {
        v.key for v in versions
    }
    store = Store(settings)
    assert set(store.readings_manifest) == {(name, "2026-01") for name in BUILDINGS}
    assert {unit.building_id for unit in store.archive_manifest} == set(BUILDINGS)
    assert not any((root / name).exists() for name in (*OLD, "state.json"))
    assert not split_by_building(settings)


def test_what_the_remote_has_is_not_sent_again_and_an_older_checkout_goes_no_further(
    settings: Settings, versions: list[FileVersion]
) -> None:
    remote = remote_of(settings)
    landed = {path: path.stat().st_mtime_ns for path in remote.glob("landing/*/*/*")}
    split_by_building(settings)
    sent = state.push(settings)
    assert sent == 8, "four small files of each building"
    assert {path: path.stat().st_mtime_ns for path in remote.glob("landing/*/*/*")} == landed
    assert len(landed) == len(versions)
    assert {path.name for path in (remote / "state").iterdir()} == {
        f"{owner}@{GENERATION + 1}.json" for owner in (*BUILDINGS, state.SHARED)
    }
    assert format_of(remote) == STATE_FORMAT
    assert state.push(settings) == 0
    shutil.rmtree(settings.paths.root)
    assert not split_by_building(settings)
    state.restore(settings)
    assert {v.key for v in Ledger.read(settings.paths).versions} == {v.key for v in versions}


def test_a_new_file_gets_the_next_number_of_its_building(
    settings: Settings, versions: list[FileVersion]
) -> None:
    split_by_building(settings)
    news = [replace(version(0, name), path="new.csv") for name in BUILDINGS]
    after = Ledger.read(settings.paths).with_versions(news)
    assert {v.key for v in after.versions if v.path == "new.csv"} == {("annex", 5), ("sm2", 4)}
    assert versions


def test_a_building_that_another_machine_has_pushed_keeps_no_other_back(
    settings: Settings, remote: Path
) -> None:
    assert remote.exists()
    other = replace(settings, data_dir=settings.paths.root.parent / "other")
    state.restore(other)
    grown = Ledger.read(other.paths).with_versions([replace(version(0, "sm2"), path="new.csv")])
    grown.write(other.paths)
    state.push(other)
    for name in BUILDINGS:
        ledger = Ledger.read(settings.paths, name)
        ledger.with_versions([replace(version(0, name), path="here.csv")]).write(settings.paths)
    with pytest.raises(state.ConflictError, match="another machine has pushed generation 9"):
        state.push(settings)
    shutil.rmtree(settings.paths.root)
    state.restore(settings)
    names = {(v.building_id, v.path) for v in Ledger.read(settings.paths).versions}
    assert names >= {("annex", "here.csv"), ("sm2", "new.csv")}
    assert ("sm2", "here.csv") not in names


def test_a_split_that_was_cut_off_at_the_remote_loses_no_building(
    settings: Settings, versions: list[FileVersion]
) -> None:
    """Some states were sent and the mark was not: what is not yet apart is in the state of all."""
    before = (remote_of(settings) / "state.json").read_bytes()
    split_by_building(settings)
    state.push(settings)
    (remote_of(settings) / "state.json").write_bytes(before)
    for name in ("sm2", state.SHARED):
        (remote_of(settings) / f"state/{name}@{GENERATION + 1}.json").unlink()
    shutil.rmtree(settings.paths.root)
    assert split_by_building(settings)
    state.restore(settings)
    assert {v.key for v in Ledger.read(settings.paths).versions} == {v.key for v in versions}
    state.push(settings)
    assert format_of(remote_of(settings)) == STATE_FORMAT


def test_the_mark_is_set_by_a_later_push_if_the_first_one_did_not_come_to_it(
    settings: Settings, versions: list[FileVersion]
) -> None:
    assert versions
    before = (remote_of(settings) / "state.json").read_bytes()
    split_by_building(settings)
    state.push(settings)
    (remote_of(settings) / "state.json").write_bytes(before)
    assert state.push(settings) == 0
    assert format_of(remote_of(settings)) == STATE_FORMAT


def test_a_damaged_old_state_on_the_remote_is_written_anew_from_this_machine(
    settings: Settings, versions: list[FileVersion]
) -> None:
    (remote_of(settings) / "state.json").write_bytes(b"damaged")
    assert split_by_building(settings)
    state.push(settings)
    shutil.rmtree(settings.paths.root)
    state.restore(settings)
    assert {v.key for v in Ledger.read(settings.paths).versions} == {v.key for v in versions}


def test_a_damaged_state_that_another_machine_wrote_is_not_replaced(
    settings: Settings, remote: Path
) -> None:
    newer = remote / "state/sm2@20.json"
    newer.write_bytes(b"damaged")
    with pytest.raises(state.DamagedFile):
        state.push(settings)
    assert newer.read_bytes() == b"damaged"


def test_a_missing_copy_of_one_building_keeps_no_other_back(
    settings: Settings, remote: Path
) -> None:
    (lost,) = (remote / "catalog/annex").glob("accounting.parquet@*")
    lost.unlink()
    shutil.rmtree(settings.paths.root)
    with pytest.raises(state.StorageError, match="the state of annex cannot be restored"):
        state.restore(settings)
    assert len(Ledger.read(settings.paths, "sm2").versions) == 2
    assert state.local_state(settings, "sm2").generation == GENERATION + 1
    assert state.local_state(settings, "annex").generation == 0
