"""Readings of all months on the publish remote: a value of any age leads to its raw line, and no reader sees half of them."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas
import pytest

from include.core import files
from include.core.clock import END_OF_TIME
from include.core.errors import DamagedFile, PlatformError, StorageError
from include.core.settings import PROJECT_DIR, Settings
from include.registry import Run, load_registry
from include.release import upload as uploads
from include.release.history import HistoryFile, history, read_history
from include.release.upload import adopt_offered, is_offered, offered_release, retire, upload
from include.store.readings import StoredMonth
from tests.release.test_upload import NEW, OLD, release_here, remote_of
from tests.support.faults import Calls, fail_at, watched
from tests.support.platform import Platform, tree
from tests.support.raw_files import small_drive, thermopro, times

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")


def store(settings: Settings, **contents: str) -> list[HistoryFile]:
    """Months of readings as `store_readings` leaves them: `store(settings, m2026_01="text")`."""
    named = []
    for name, content in contents.items():
        month, digest = name[1:].replace("_", "-"), hashlib.sha256(content.encode()).hexdigest()
        files.write_text(settings.paths.month_of_readings("sm2", month), content)
        named.append(HistoryFile("sm2", month, 1, len(content), digest))
    rows = [
        {"month": file.month, **StoredMonth("", file.sha256, 1, {}, "").__dict__} for file in named
    ]
    files.write_sealed(settings.paths.readings_manifest("sm2"), rows)
    return named


def release_with(settings: Settings, version: str, named: list[HistoryFile]) -> Any:
    """A release on this machine that names these files."""
    release = release_here(settings, version)
    lineage = release.path / "lineage.json"
    files.write_json(lineage, {"version": version, "history": [file.to_json() for file in named]})
    sums = [
        name for name in files.names_below(release.path) if name not in ("run.json", "SHA256SUMS")
    ]
    files.write_text(
        release.path / "SHA256SUMS",
        "".join(f"{files.sha256(release.path / name)}  {name}\n" for name in sums),
    )
    return release


def published_history(settings: Settings) -> dict[str, bytes]:
    return tree(remote_of(settings) / "history")


def names(*versions: list[HistoryFile]) -> set[str]:
    return {file.path.removeprefix("history/") for named in versions for file in named}


def test_a_correction_adds_a_file_and_what_is_there_is_not_sent_again(settings: Settings) -> None:
    first = store(settings, m2026_01="january", m2026_02="february")
    upload(settings, release_with(settings, OLD, first))
    before = {
        path: path.stat().st_mtime_ns
        for path in (remote_of(settings) / "history").rglob("*.parquet")
    }
    assert published_history(settings) == {
        f"sm2/2026-01-{first[0].sha256[:8]}.parquet": b"january",
        f"sm2/2026-02-{first[1].sha256[:8]}.parquet": b"february",
    }
    second = store(settings, m2026_01="january, corrected", m2026_02="february")
    upload(settings, release_with(settings, NEW, second))
    assert names(first, second) == published_history(settings).keys()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    retire(settings)
    assert names(first, second) == published_history(settings).keys(), (
        "the old release is kept, and names the old file"
    )


def test_only_what_the_last_release_does_not_name_is_opened(settings: Settings) -> None:
    """So the cost of a day does not grow with history, and a machine without a disk of its own fetches no old month."""
    named = store(settings, m2026_01="january", m2026_02="february")
    last = release_with(settings, OLD, named[:1]).path
    settings.paths.month_of_readings("sm2", "2026-01").unlink()
    run = Run(settings, REGISTRY, END_OF_TIME)
    assert history(run, last) == named
    with pytest.raises(StorageError, match="the state remote's copy is missing"):
        history(run, None)


def test_a_month_that_is_not_here_comes_from_the_state_remote_and_replaces_nothing(
    settings: Settings,
) -> None:
    old = store(settings, m2026_01="january")
    release = release_with(settings, OLD, old)
    files.write_text(
        Path(settings.state_remote)
        / f"readings/building_id=sm2/2026-01.parquet@{old[0].sha256[:8]}",
        "january",
    )
    store(settings, m2026_01="january, corrected")
    assert upload(settings, release)
    assert list(published_history(settings).values()) == [b"january"]
    assert settings.paths.month_of_readings("sm2", "2026-01").read_text() == "january, corrected"
    left = {path.name for path in settings.paths.work.iterdir()}
    assert left == {"latest.json", "manifest.json"}


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_text("half")])
def test_a_file_that_the_remote_lost_is_sent_again(
    settings: Settings, harm: Callable[[Path], Any]
) -> None:
    release = release_with(settings, OLD, store(settings, m2026_01="january"))
    assert upload(settings, release) and is_offered(settings, release)
    harm(next((remote_of(settings) / "history").rglob("*.parquet")))
    assert not is_offered(settings, release)
    assert upload(settings, release)
    assert list(published_history(settings).values()) == [b"january"]


@pytest.mark.long  # rclone, many times
def test_wherever_an_upload_stops_a_reader_has_every_file_that_its_release_names(
    settings: Settings,
) -> None:
    upload(settings, release_with(settings, OLD, store(settings, m2026_01="january")))
    release = release_with(
        settings, NEW, store(settings, m2026_01="january, corrected", m2026_02="february")
    )
    keep = remote_of(settings).rename(remote_of(settings).with_name("before"))
    with watched(Calls()) as calls:
        shutil.copytree(keep, remote_of(settings))
        upload(settings, release)
    order = [
        call.removeprefix(f"{settings.publish_remote}/")
        for call in (seen.split(" ", 2)[2] for seen in calls.seen if seen.startswith("rclone copy"))
    ]
    assert order[:3] == ["history", f"releases/{NEW}", "latest.json"]
    pointed = next(
        n for n, seen in enumerate(calls.seen) if seen.endswith("/latest.json") and "copyto" in seen
    )
    whole = tree(remote_of(settings))
    for number in range(len(calls.seen)):
        shutil.rmtree(remote_of(settings))
        shutil.copytree(keep, remote_of(settings))
        with (
            watched(Calls(fail_at(number))),
            pytest.raises((PlatformError, OSError), match="injected"),
        ):
            upload(settings, release)
        offered = offered_release(settings)
        assert offered is not None
        assert offered.version == (OLD if number <= pointed else NEW), calls.seen[number]
        there = remote_of(settings)
        assert all(
            (there / file.path).stat().st_size == file.bytes
            for file in read_history(there / f"releases/{offered.version}/lineage.json")
        )
        upload(settings, release)
        assert tree(there) == whole, calls.seen[number]


def test_files_that_no_release_names_go_and_others_stay(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (
        store(settings, m2026_01="january"),
        store(settings, m2026_01="january, corrected"),
    )
    both = [*first, *second]
    for version, named, content in ((OLD, first, "january"), (NEW, second, "january, corrected")):
        files.write_text(settings.paths.month_of_readings("sm2", "2026-01"), content)
        upload(settings, release_with(settings, version, named))
    files.write_text(remote_of(settings) / "history/sm2/notes.txt", "not ours")
    files.write_text(
        remote_of(settings) / "history/sm2/2025-12-0a1b2c3d.parquet", "an upload that was cut off"
    )
    lineage = remote_of(settings) / "releases" / OLD / "lineage.json"
    content = lineage.read_bytes()
    files.remove(settings.paths.releases / OLD)  # known from the remote alone

    for damage in (b"{", b'{"history": [{"path": "../../evil"}]}', None):
        lineage.write_bytes(damage) if damage else lineage.unlink()
        retire(settings)
        assert len(published_history(settings)) == 4
    assert "no file of the history is removed" in caplog.text
    lineage.write_bytes(content)
    retire(settings)
    assert published_history(settings).keys() == names(both) | {"sm2/notes.txt"}

    monkeypatch.setattr(uploads, "expired", lambda versions: [OLD])
    retire(settings)
    assert published_history(settings).keys() == names(second) | {"sm2/notes.txt"}


@pytest.mark.parametrize(
    "change",
    [
        {"path": "history/../../evil.parquet"},
        {"path": "history/sm2/2026-02-00000000.parquet"},
        {"building_id": "../.."},
        {"bytes": "1"},
        {"sha256": 1},
    ],
)
def test_a_published_release_with_another_history_is_not_taken_over(
    settings: Settings, tmp_path: Path, change: dict[str, Any]
) -> None:
    release = release_with(settings, NEW, store(settings, m2026_01="january"))
    upload(settings, release)
    there = remote_of(settings) / "releases" / NEW
    lineage = json.loads((there / "lineage.json").read_text())
    lineage["history"][0] |= change
    before = files.sha256(there / "lineage.json")
    files.write_json(there / "lineage.json", lineage)
    (there / "SHA256SUMS").write_text(
        (there / "SHA256SUMS").read_text().replace(before, files.sha256(there / "lineage.json"))
    )
    with pytest.raises(DamagedFile, match="invalid list of history files"):
        adopt_offered(replace(settings, data_dir=tmp_path / "another machine"))


@pytest.mark.xdist_group("release")
def test_an_hour_of_an_old_month_leads_to_its_raw_lines(
    templates: Callable[..., Platform], tmp_path: Path
) -> None:
    platform = templates("2026-02-04", small_drive).copy(tmp_path)
    before = tree(platform.drive / "Public/history")
    assert {name[:11] for name in before} == {"sm2/2026-01", "sm2/2026-02"}
    thermopro(platform.raw, "050D", times("2026-05-20 00:00", 24), exported=1779900000)
    platform.publish("2026-06-01")
    assert platform.query(
        "select distinct strftime(timestamp, '%Y-%m') from public_dataset_raw"
    ) == [("2026-05",)]
    after = tree(platform.drive / "Public/history")
    assert {name: content for name, content in after.items() if name in before} == before
    assert {name[:11] for name in after.keys() - before.keys()} == {"sm2/2026-05"}

    public = platform.drive / "Public"
    release = public / json.loads((public / "latest.json").read_text())["path"]
    lineage = json.loads((release / "lineage.json").read_text())
    for file in lineage["history"]:
        assert (files.sha256(public / file["path"]), (public / file["path"]).stat().st_size) == (
            file["sha256"],
            file["bytes"],
        )
        assert len(pandas.read_parquet(public / file["path"])) == file["rows"]
    hourly = pandas.read_parquet(release / "public_dataset_hourly.parquet")
    hour = hourly[
        (hourly["measurement"] == "humidity_indoor")
        & (hourly["local_date"].astype(str) == "2026-01-30")
    ].iloc[5]
    path = next(
        file["path"]
        for file in lineage["history"]
        if (file["building_id"], file["month"]) == (hour.building_id, "2026-01")
    )
    readings = pandas.read_parquet(public / path)
    found = readings[
        (readings["timestamp"].dt.floor("h") == hour.timestamp)
        & (readings["location"] == hour.location)
        & (readings["measurement"] == hour.measurement)
    ]
    assert len(found) == hour["count"] > 0 and found["value"].mean() == hour.value_mean
    for reading in found.itertuples():
        source = next(
            entry
            for entry in lineage["inputs"]
            if (entry["building_id"], entry["source_file"])
            == (reading.building_id, reading.source_file)
        )
        line = (platform.raw / source["path"]).read_text().splitlines()[reading.source_line - 1]
        assert float(line.split(",")[3]) == reading.value
