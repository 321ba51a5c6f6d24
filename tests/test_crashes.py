"""Whatever breaks, wherever: the next run ends with the same bytes, and no reader ever saw half a release."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from include import files
from include.settings import PROJECT_DIR
from tests.faults import Calls, fail_at, watched
from tests.platform import Platform, tree
from tests.raw_files import small_drive, thermopro, times

CHUNKS = 8
DAY, NEXT_DAY = "2026-02-03", "2026-02-04"
# One place in each task that changes state, where its work is half done.
HALF_DONE = (
    "sm2_thermopro/ThermoProSensor_export_050D",
    "write {data}/ledger.parquet",
    "move {data}/readings/building_id=sm2/2026-02",
    "write {data}/readings/manifest.json",
    "rclone copyto sm2drive:Platform/state.json",
    "move {data}/archive/daily",
    "write {data}/archive/manifest.json",
    "write {data}/releases/.staging/lineage.json",
    "point {data}/releases/latest",
    "rclone lsjson sm2drive:Public/releases",
    "rclone copyto sm2drive:Public/latest.json",
)


def whole(release: Path) -> bool:
    sums = (release / "SHA256SUMS").read_text().splitlines()
    return len(sums) > 10 and all(hashlib.sha256((release / line[66:]).read_bytes()).hexdigest() == line[:64] for line in sums)


def readable(platform: Platform) -> bool:
    """What a consumer sees, on this machine and on the publish remote."""
    public = platform.drive / "Public"
    return whole((platform.data / "releases/latest").resolve()) and whole(public / json.loads((public / "latest.json").read_text())["path"])


@dataclass
class Reader:
    """Reads the latest release over and over until it is told to stop."""

    platform: Platform
    looked: int = 0
    broken: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Reader":
        self.thread = threading.Thread(target=self._read)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()

    def _read(self) -> None:
        while not self.stop.wait(0.05):
            self.looked += 1
            try:
                if not readable(self.platform):
                    self.broken.append("checksums differ")
            except OSError as error:
                self.broken.append(str(error))


def outcome(platform: Platform) -> dict[str, object]:
    """Everything that must not depend on what went wrong on the way."""
    state = files.read_sealed(platform.drive / "Platform/state.json")
    return {
        "release": platform.sums,
        "archive": tree(platform.data / "archive"),
        "readings": tree(platform.data / "readings"),
        "public": {name: content for name, content in tree(platform.drive / "Public").items() if not name.endswith("run.json")},
        "ledger": [(v.number, v.path, v.sha256, v.verdict) for v in platform.ledger.versions],
        "state": {name: digest for name, digest in state["files"].items() if name != "ledger.parquet"},
    }


def copy_of(platform: Platform, folder: Path) -> Platform:
    shutil.copytree(platform.drive, folder / "drive", symlinks=True)
    shutil.copytree(platform.data, folder / "data", symlinks=True, ignore=shutil.ignore_patterns("airflow"))
    return Platform(folder / "drive", folder / "data")


@dataclass
class Stages:
    """An installation before its second day, after that day's refresh, and what must come out."""

    published: Platform
    refreshed: Platform
    expected: dict[str, object]
    calls_of_refresh: int
    calls_of_publishing: int


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory, airflow_database: None) -> Iterator[Stages]:
    folder = tmp_path_factory.mktemp("stages")
    published = Platform(folder / "published/drive", folder / "published/data")
    small_drive(published.raw)
    published.run(DAY)
    thermopro(published.raw, "050D", times("2026-02-01 05:00", 30), exported=1770076800)
    refreshed = copy_of(published, folder / "refreshed")
    with watched(Calls()) as refreshing:
        refreshed.run(NEXT_DAY, only="refresh")
    finished = copy_of(refreshed, folder / "finished")
    with watched(Calls()) as publishing:
        finished.run(NEXT_DAY, only="aggregate_and_publish")
    yield Stages(published, refreshed, outcome(finished), len(refreshing.seen), len(publishing.seen))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_any_call_of_the_file_and_rclone_port_may_fail(stages: Stages, tmp_path: Path, chunk: int) -> None:
    assert stages.calls_of_refresh > 30
    assert stages.calls_of_publishing > 20
    places = [("refresh", n) for n in range(stages.calls_of_refresh)] + [("aggregate_and_publish", n) for n in range(stages.calls_of_publishing)]
    for dag_id, number in places[chunk::CHUNKS]:
        platform = copy_of(stages.published if dag_id == "refresh" else stages.refreshed, tmp_path / f"{dag_id}{number}")
        with watched(Calls(fail_at(number))) as calls:
            platform.run(NEXT_DAY, only=dag_id)
        failed_at = calls.seen[number]
        assert readable(platform), failed_at
        platform.publish(NEXT_DAY)
        assert outcome(platform) == stages.expected, failed_at
        shutil.rmtree(platform.data.parent)


@pytest.mark.parametrize("place", HALF_DONE)
def test_a_run_may_be_killed_in_every_task_that_changes_state(stages: Stages, tmp_path: Path, place: str) -> None:
    platform = copy_of(stages.published, tmp_path)
    platform.use()
    with Reader(platform) as reader:
        killed = subprocess.run(
            [sys.executable, PROJECT_DIR / "tests/faults.py", place.format(data=platform.data), "--as-of", NEXT_DAY],
            env=dict(os.environ), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert killed.returncode == -9, killed.stdout + killed.stderr
        platform.publish(NEXT_DAY)
    assert outcome(platform) == stages.expected
    assert reader.looked > 20
    assert reader.broken == []
