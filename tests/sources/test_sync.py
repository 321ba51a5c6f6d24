"""What is copied is what the drive holds; what cannot be copied is named and keeps nothing else from coming."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.core import files, rclone
from include.core.errors import PlatformError, RemoteError, RemoteGone, StorageError
from include.core.rclone import RemoteFile
from include.ingest.judge import SkippedChecks
from include.ingest.register import validate_arrivals
from include.ledger.ledger import Arrival, FileVersion, Finding, Ledger
from include.sources import sync as syncing
from tests.support.platform import Platform
from tests.support.raw_files import thermopro, times, write

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
HOURS = times("2026-01-29", 24)
GOOD, OTHER = (
    "ThermoProSensor_export_493D_1769904007.csv",
    "ThermoProSensor_export_072B_1769904007.csv",
)
WITHOUT_RIGHTS_OF_ROOT = "-dac_override,-dac_read_search"


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    """Two good files on a drive; no Airflow."""
    made = Platform(tmp_path / "drive", tmp_path / "data")
    made.raw.mkdir()
    thermopro(made.raw, "493D", HOURS)
    thermopro(made.raw, "072B", HOURS)
    return made


def sync(platform: Platform) -> tuple[set[str], list[Finding]]:
    """The names that arrived, each equal to the drive's file, and what was found."""
    settings, datasource = platform.settings, platform.registry.datasource("sm2_thermopro")
    findings = syncing.sync(platform.at("2026-02-02"), datasource)
    arrivals = [
        Arrival(**row)
        for row in files.read_json(settings.paths.ingest / "sm2_thermopro/arrivals.json")[
            "arrivals"
        ]
    ]
    for arrival in arrivals:
        landed = settings.paths.landed(arrival.building_id, arrival.datasource_id, arrival.sha256)
        assert landed.read_bytes() == (platform.raw / arrival.path).read_bytes()
    assert len({arrival.path for arrival in arrivals}) == len(arrivals)
    return {arrival.path for arrival in arrivals}, findings


def before_each(
    monkeypatch: pytest.MonkeyPatch, command: str, change: Callable[[int], None]
) -> None:
    """Let `change` happen to the drive right before each rclone call of that kind, with the number of the call."""
    calls = iter(range(1, 100))
    monkeypatch.setattr(
        rclone, "calling", lambda name, remote: change(next(calls)) if name == command else None
    )


def test_an_undisturbed_drive_arrives_whole(platform: Platform) -> None:
    assert sync(platform) == ({GOOD, OTHER}, [])


def test_a_pattern_that_no_file_matches_any_more_is_a_warning(platform: Platform) -> None:
    """Not before a file was known: then the run fails with an error of its own."""
    for path in platform.raw.glob("ThermoPro*"):
        path.rename(path.with_name(f"new_{path.name}"))
    checks = {finding.check for finding in sync(platform)[1]}
    assert "nothing_matches" not in checks
    known = FileVersion(1, "sm2_thermopro", "sm2", GOOD, 1, "", "0" * 64, NOON, "accepted")
    Ledger([known]).write(platform.settings.paths)
    _, findings = sync(platform)
    (finding,) = (finding for finding in findings if finding.check == "nothing_matches")
    assert finding.severity == "warning"
    assert "no file name matches file_pattern regex:ThermoProSensor_export" in finding.message
    assert finding.where == "sm2drive:Indoor/Latest/Upload" and "file_pattern" in finding.cure


def test_a_file_that_vanishes_before_it_is_copied_is_a_warning(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_each(monkeypatch, "copy", lambda call: (platform.raw / GOOD).unlink(missing_ok=True))
    arrived, findings = sync(platform)
    assert arrived == {OTHER}
    assert findings == [
        Finding(
            "unstable_file",
            "warning",
            "the file vanished while it was copied",
            where=GOOD,
            cure="The next run tries again",
        )
    ]


def test_all_files_may_vanish(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    before_each(
        monkeypatch, "copy", lambda call: [path.unlink() for path in platform.raw.glob("*")]
    )
    arrived, findings = sync(platform)
    assert arrived == set() and {finding.where for finding in findings} == {GOOD, OTHER}


def test_a_file_that_changes_once_while_it_is_copied_is_copied_again(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(call: int) -> None:
        if call == 1:
            thermopro(platform.raw, "493D", HOURS[:12])

    before_each(monkeypatch, "copy", change)
    assert sync(platform) == ({GOOD, OTHER}, [])


def test_a_file_that_keeps_changing_waits_for_the_next_run(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_each(
        monkeypatch, "copy", lambda call: thermopro(platform.raw, "493D", HOURS[: 12 + call])
    )
    arrived, findings = sync(platform)
    assert arrived == {OTHER}
    assert [(f.check, f.severity, f.message, f.where) for f in findings] == [
        ("unstable_file", "warning", "the file changed while it was copied", GOOD)
    ]


def test_a_copy_that_arrives_damaged_is_never_landed(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = rclone.fetch

    def damage(remote: str, folder: Path, paths: list[str]) -> None:
        fetch(remote, folder, paths)
        if GOOD in paths:
            write(folder / GOOD, (folder / GOOD).read_bytes().replace(b"20.1", b"99.9"))

    monkeypatch.setattr(rclone, "fetch", damage)
    arrived, findings = sync(platform)
    assert arrived == {OTHER} and "arrived damaged or changed" in findings[0].message
    assert not [
        path
        for path in (platform.data / "landing").rglob("*")
        if path.is_file() and b"99.9" in path.read_bytes()
    ]


@pytest.fixture
def rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, who may read everything: rclone runs without that right."""
    program = shutil.which("rclone")
    assert program is not None
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may read everything, and there is no setpriv to take that right away")
        wrapper = write(
            tmp_path / "bin/rclone",
            f'#!/bin/sh\nexec setpriv --bounding-set {WITHOUT_RIGHTS_OF_ROOT} {program} "$@"\n'.encode(),
        )
        wrapper.chmod(0o755)
        monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")


def test_a_file_that_may_not_be_read_is_named_in_rclones_words(
    platform: Platform, rights: None
) -> None:
    (platform.raw / GOOD).chmod(0)
    arrived, findings = sync(platform)
    assert arrived == {OTHER}
    assert [(f.check, f.severity, f.where) for f in findings] == [("not_copied", "error", GOOD)]
    assert "permission denied" in findings[0].message and findings[0].cure


def test_a_drive_where_nothing_may_be_read_names_every_file(
    platform: Platform, rights: None
) -> None:
    for path in platform.raw.glob("*"):
        path.chmod(0)
    arrived, findings = sync(platform)
    assert arrived == set()
    assert {finding.where for finding in findings if "permission denied" in finding.message} == {
        GOOD,
        OTHER,
    }


def test_a_folder_that_may_not_be_read_is_an_error_of_the_drive(
    platform: Platform, rights: None
) -> None:
    platform.raw.folders[1].chmod(0)
    with pytest.raises(RemoteError, match="permission denied"):
        sync(platform)


def test_a_dead_remote_is_named_and_nothing_is_handed_on(platform: Platform) -> None:
    platform.raw.take_away()
    with pytest.raises(RemoteGone) as error:
        sync(platform)
    assert "sm2drive:Indoor/Latest/Upload" in str(error.value) and "what to do" in str(error.value)
    assert not (platform.settings.paths.ingest / "sm2_thermopro/arrivals.json").exists()


@pytest.fixture
def small_disk(platform: Platform) -> Iterator[Path]:
    """DATA_DIR on a file system of one megabyte."""
    platform.data.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(platform.data)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted: {mounted.stderr.strip()}")
    yield platform.data
    subprocess.run(["umount", "--lazy", str(platform.data)], check=True)


def test_a_full_disk_is_reported_and_nothing_is_half_landed(
    platform: Platform, small_disk: Path
) -> None:
    large = write(platform.raw / "ThermoProSensor_export_050D_1769904007.csv", b"x" * (2 << 20))
    with pytest.raises(StorageError) as error:
        sync(platform)
    assert (
        "disk full" in str(error.value)
        and str(small_disk) in str(error.value)
        and "make room" in str(error.value)
    )
    assert not [path for path in (small_disk / "landing").rglob("*") if path.is_file()]
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    assert sync(platform) == ({GOOD, OTHER, large.name}, [])


def test_a_disk_that_fills_up_while_text_is_landed_is_reported_and_leaves_no_part(
    platform: Platform, small_disk: Path
) -> None:
    sync(platform)
    write(
        small_disk / "filler",
        b"x"
        * (
            small_disk.stat().st_blksize
            * (shutil.disk_usage(small_disk).free // small_disk.stat().st_blksize)
        ),
    )
    run = platform.at("2026-03-01")

    def judge() -> object:
        return validate_arrivals(run, run.registry.datasource("sm2_thermopro"), SkippedChecks())

    with pytest.raises(PlatformError, match="disk full") as error:
        judge()
    assert isinstance(error.value, StorageError)
    assert not [
        path
        for path in small_disk.rglob("*")
        if ".partial" in path.name or path.suffix == ".parquet"
    ]
    (small_disk / "filler").unlink()
    assert [version.verdict for version in judge()] == ["accepted", "accepted"]


@pytest.mark.parametrize(
    ("path", "check"),
    [
        ("../ThermoProSensor_export_493D_1.csv", "file_name"),
        ("a/../ThermoProSensor_export_493D_1.csv", "file_name"),
        ("/ThermoProSensor_export_493D_1.csv", "file_name"),
        ("a\tb/ThermoProSensor_export_493D_1.csv", "file_name"),
        ("a\nb/ThermoProSensor_export_493D_1.csv", "file_name"),
        ("a\u202eb/ThermoProSensor_export_493D_1.csv", "file_name"),
        (f"{'a' * 201}/ThermoProSensor_export_493D_1.csv", "file_name"),
        ("ThermoProSensor_export_493D_1.csv.rclonelink", "symbolic_link"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_and_the_rest_is_taken(
    platform: Platform, path: str, check: str
) -> None:
    listed = [RemoteFile(path, 1, ""), RemoteFile(GOOD, 1, "")]
    claimed, findings = syncing.claimed_files(listed, platform.registry.datasource("sm2_thermopro"))
    assert claimed == listed[1:]
    assert [(finding.check, finding.severity) for finding in findings] == [
        (check, "error")
    ] and findings[0].cure


def test_a_name_that_is_not_utf8_is_an_error_and_the_rest_is_taken(platform: Platform) -> None:
    """Names in Windows-1252, as bytes on a real file system: of a folder, and of a file."""
    ventilation, indoor = map(os.fsencode, platform.raw.folders)
    for path in (
        indoor + b"/m\xfcller/" + os.fsencode(GOOD),
        ventilation + b"/Graph \xed\xe9.csv",
    ):
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(path, "wb") as file:  # noqa: PTH123
            file.write((platform.raw / OTHER).read_bytes())
    arrived, findings = sync(platform)
    assert arrived == {GOOD, OTHER}
    odd = [finding for finding in findings if finding.severity == "error"]
    assert [(finding.check, finding.where) for finding in odd] == [
        ("file_name", f"m\ufffdller/{GOOD}")
    ]
    assert "not valid UTF-8" in odd[0].message
    _, of_atrea = syncing.claimed_files(
        rclone.listing("sm2drive:Vzduchotechnika/Latest/Upload"),
        platform.registry.datasource("sm2_atrea"),
    )
    assert [(finding.check, finding.where) for finding in of_atrea] == [
        ("file_name", "Graph \ufffd\ufffd.csv")
    ]


def test_two_files_of_one_name_are_refused_and_the_rest_is_taken(platform: Platform) -> None:
    listed = [RemoteFile(OTHER, 1, ""), RemoteFile(OTHER, 2, ""), RemoteFile(GOOD, 1, "")]
    claimed, findings = syncing.claimed_files(listed, platform.registry.datasource("sm2_thermopro"))
    assert claimed == listed[2:] and [(f.check, f.message) for f in findings] == [
        ("same_name_twice", "2 files have this name")
    ]


def test_a_file_that_two_datasources_claim_is_read_by_neither_and_all_others_are(
    platform: Platform,
) -> None:
    source = platform.registry.datasource("sm2_thermopro")
    twin = source.model_copy(update={"datasource_id": "twin", "file_pattern": f"{GOOD[:-8]}*.csv"})
    elsewhere = twin.model_copy(update={"building_id": "annex"})
    run, arrived = platform.at("2026-02-02"), {}
    (building,) = run.registry.buildings
    annex = building.model_copy(update={"building_id": "annex"})
    for other in (twin, elsewhere):
        registry = replace(run.registry, buildings=(building, annex), datasources=(source, other))
        findings = syncing.sync(replace(run, registry=registry), source)
        handed_over = run.settings.paths.ingest / source.datasource_id / "arrivals.json"
        names = {row["path"] for row in files.read_json(handed_over)["arrivals"]}
        arrived[other.building_id] = names, {f.check: f for f in findings}
    names, found = arrived["sm2"]
    assert names == {OTHER}
    assert found["claimed_twice"].severity == "error" and found["claimed_twice"].where == GOOD
    assert "file_pattern of twin" in found["claimed_twice"].message
    assert "claimed_twice" not in arrived["annex"][1]
