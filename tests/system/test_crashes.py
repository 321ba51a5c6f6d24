"""Whatever breaks, wherever: the next run ends with the same bytes, and no reader ever saw half a release."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from include.core import files
from tests.support.faults import Calls, EachFailsFirst, killed_at, watched, without_waiting
from tests.support.platform import Platform, tree
from tests.support.raw_files import small_drive, thermopro, times

DAY, NEXT_DAY = "2026-02-03", "2026-02-04"
pytestmark = pytest.mark.xdist_group("crashes")  # one process has its installations
# One place in each task that changes state, where its work is half done, in the order of a run.
HALF_DONE = (
    "landing/sm2/sm2_thermopro",
    "write {data}/catalog/sm2/ledger.parquet",
    "move {data}/readings/building_id=sm2/2026-02",
    "write {data}/catalog/sm2/readings.json",
    "write {data}/state/sm2.json",
    "move {data}/archive/daily",
    "write {data}/catalog/sm2/archive.json",
    "write {data}/releases/.staging/lineage.json",
    "point {data}/releases/latest",
    "rclone lsjson sm2drive:Public/releases",
    "rclone copyto sm2drive:Public/latest.json",
)


def whole(release: Path) -> bool:
    sums = (release / "SHA256SUMS").read_text().splitlines()
    return len(sums) > 10 and all(
        hashlib.sha256((release / line[66:]).read_bytes()).hexdigest() == line[:64] for line in sums
    )


def readable(platform: Platform) -> bool:
    """What a consumer sees, on this machine and on the publish remote."""
    public = platform.drive / "Public"
    release = public / json.loads((public / "latest.json").read_text())["path"]
    named = json.loads((release / "lineage.json").read_text())["history"]
    is_traceable = bool(named) and all(
        hashlib.sha256((public / file["path"]).read_bytes()).hexdigest() == file["sha256"]
        for file in named
    )
    return whole((platform.data / "releases/latest").resolve()) and whole(release) and is_traceable


@dataclass
class Reader:
    """Reads the latest release over and over until it is stopped."""

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
        while not self.stop.wait(0.25):
            self.looked += 1
            try:
                if not readable(self.platform):
                    self.broken.append("checksums differ")
            except OSError as error:
                self.broken.append(str(error))


def outcome(platform: Platform) -> dict[str, object]:
    """Everything that must not depend on what went wrong on the way."""
    states = (platform.drive / "Platform/state").glob("sm2@*.json")
    state = files.read_sealed(max(states, key=lambda path: int(path.stem.partition("@")[2])))
    return {
        "release": platform.sums,
        **{
            folder: tree(platform.data / folder)
            for folder in ("landing", "readings", "metrics", "dimensions", "archive")
        },
        "public": {
            name: content
            for name, content in tree(platform.drive / "Public").items()
            if not name.endswith("run.json")
        },
        "ledger": [(v.number, v.path, v.sha256, v.verdict) for v in platform.ledger.versions],
        "state": {
            name: digest
            for name, digest in state["files"].items()
            if name != "catalog/sm2/ledger.parquet"
        },
    }


@dataclass
class Stages:
    """An installation before its second day, after that day's refresh, and what must come out."""

    published: Platform
    refreshed: Platform
    outcome_of_refresh: dict[str, object]
    outcome: dict[str, object]
    calls_of_refresh: int
    calls_of_publishing: int


@pytest.fixture(scope="module")
def stages(
    tmp_path_factory: pytest.TempPathFactory, templates: Callable[..., Platform]
) -> Iterator[Stages]:
    folder = tmp_path_factory.mktemp("stages")
    published = templates(DAY, small_drive).copy(folder / "published")
    thermopro(published.raw, "050D", times("2026-02-02 05:00", 30), exported=1770076800)
    refreshed = published.copy(folder / "refreshed")
    with watched(Calls()) as refreshing:
        refreshed.run(NEXT_DAY, only="refresh")
    finished = refreshed.copy(folder / "finished")
    with watched(Calls()) as publishing:
        finished.run(NEXT_DAY, only="aggregate_and_publish")
    yield Stages(
        published,
        refreshed,
        outcome(refreshed),
        outcome(finished),
        len(set(refreshing.seen)),
        len(set(publishing.seen)),
    )


def failed_at_every_call(platform: Platform, dag_id: str, calls: int) -> None:
    """Runs the DAG until nothing fails any more; each run goes on from what the one before left."""
    with watched(EachFailsFirst()) as injected, without_waiting():
        for _ in range(2 * calls):
            before = len(injected.failed)
            injected.new_run()
            platform.run(NEXT_DAY, only=dag_id)
            assert readable(platform), injected.failed[before:]
            if len(injected.failed) == before:
                break
    assert len(injected.failed) >= calls / 3, injected.failed


def test_any_call_of_refresh_may_fail(stages: Stages, tmp_path: Path) -> None:
    assert stages.calls_of_refresh > 25
    platform = stages.published.copy(tmp_path)
    failed_at_every_call(platform, "refresh", stages.calls_of_refresh)
    assert outcome(platform) == stages.outcome_of_refresh


def test_any_call_of_publishing_may_fail(stages: Stages, tmp_path: Path) -> None:
    """Healed by its own retry, without a refresh."""
    assert stages.calls_of_publishing > 20
    platform = stages.refreshed.copy(tmp_path)
    failed_at_every_call(platform, "aggregate_and_publish", stages.calls_of_publishing)
    assert outcome(platform) == stages.outcome


def test_runs_may_be_killed_in_every_task_that_changes_state(
    stages: Stages, tmp_path: Path
) -> None:
    """Each run is killed a task later than the one before, and goes on from what that left."""
    platform = stages.published.copy(tmp_path)
    with Reader(platform) as reader:
        for place in HALF_DONE:
            assert killed_at(place.format(data=platform.data), platform, NEXT_DAY) == -9, place
            assert reader.broken == [], place
        platform.publish(NEXT_DAY)
    assert outcome(platform) == stages.outcome
    assert reader.looked > 20
    assert reader.broken == []
