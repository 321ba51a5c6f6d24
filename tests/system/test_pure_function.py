"""A run is a pure function of files, seeds, ledger and as_of: databases, machines and repetitions leave no trace."""

import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.listeners import hookimpl
from airflow.sdk.listener import get_listener_manager
from dbt.adapters.duckdb.connections import DuckDBConnectionManager

from tests.support.platform import Platform, tree
from tests.support.raw_files import small_drive, thermopro, times

pytestmark = pytest.mark.xdist_group("pure_function")  # one process has its installations


class LooksForDatabases:
    """Between any two tasks: on the disk, and in the memory that dbt shares with the next build of its process."""

    def __init__(self, data: Path) -> None:
        self.data, self.looked, self.found = data, 0, []

    @hookimpl
    def on_task_instance_running(self, previous_state, task_instance) -> None:
        self.looked += 1
        self.found += [
            path
            for path in self.data.rglob("*")
            if path.is_file() and re.match(rb"LBUG|.{8}DUCK", path.read_bytes()[:12], re.DOTALL)
        ]
        self.found += [dbt._ENV] if (dbt := DuckDBConnectionManager)._ENV else []


def test_no_database_outlives_its_task(published, new_platform) -> None:
    undisturbed, platform = published("2026-03-01", "undisturbed"), new_platform("watched")
    small_drive(platform.raw)
    looking = LooksForDatabases(platform.data)
    get_listener_manager().add_listener(looking)
    try:
        platform.run()
    finally:
        get_listener_manager().pm.unregister(looking)
    assert looking.looked > 20
    assert looking.found == []
    assert platform.sums == undisturbed.sums


def test_repeating_a_run_publishes_nothing_new(published) -> None:
    platform = published("2026-03-01")

    def is_data(path: Path) -> bool:
        return not {"work", "airflow", "findings", ".lock"} & set(
            path.parts
        )  # a lock tells who held it last, a finding when it was looked for

    before = tree(platform.data, is_data)
    platform.run()
    assert platform.states["aggregate_and_publish.publish"] == "skipped"
    assert platform.states["refresh.transform.dbt_producer_watcher"] == "skipped"
    assert tree(platform.data, is_data) == before
    assert len(list((platform.drive / "Public/releases").iterdir())) == 1


def test_a_machine_that_lost_its_disk_goes_on_from_the_state_remote(published) -> None:
    steady, unlucky = published("2026-02-03", "steady"), published("2026-02-03", "unlucky")
    shutil.rmtree(unlucky.data)
    for platform in (steady, unlucky):
        thermopro(platform.raw, "050D", times("2026-02-02 00:00", 30), exported=1770076800)
        platform.run("2026-02-04")
    assert unlucky.sums == steady.sums
    assert (
        [v.number for v in unlucky.ledger.versions]
        == [v.number for v in steady.ledger.versions]
        == [1, 2, 3, 4]
    )


def test_a_late_file_changes_its_month_and_nothing_else(published) -> None:
    platform = published("2026-03-01")
    before = tree(platform.data / "archive", lambda path: path.suffix == ".parquet")
    thermopro(
        platform.raw,
        "050D",
        times("2026-02-01 05:00", 30, timedelta(hours=12)),
        exported=1770076800,
    )
    platform.run("2026-03-01")
    after = tree(platform.data / "archive", lambda path: path.suffix == ".parquet")
    assert {name: after[name] for name in before} == before, "a revision stays beside the new one"
    new = set(after) - set(before)
    # 1 February 2026 is a Sunday: the last week of January reaches into it
    assert {name for name in new if "2026-01" in name} == {
        "weekly/building_id=sm2/2026-01.r2.parquet"
    }
    assert {name for name in new if "2026-02" in name} == {
        f"{grain}/building_id=sm2/2026-02.r2.parquet"
        for grain in ("hourly", "daily", "weekly", "monthly")
    }


def test_a_replay_of_an_older_day_replaces_nothing(published) -> None:
    platform = published("2026-02-04")
    thermopro(platform.raw, "050D", times("2026-02-02 00:00", 30), exported=1770076800)
    platform.run("2026-02-05")
    latest, archive = platform.release.version, tree(platform.data / "archive")
    platform.run("2026-02-04")
    platform.run("2026-02-03T12:00Z")
    assert platform.release.version == latest
    assert tree(platform.data / "archive") == archive
    with pytest.raises(StopIteration):  # as of then, no file had been seen
        next((platform.data / "releases").glob("2026-02-03-*"))


def test_two_machines_do_not_overwrite_each_other(published) -> None:
    first = published("2026-02-03")
    second = Platform(first.drive, first.data.parent / "second")
    second.run("2026-02-04")
    assert second.states["refresh"] == "success"
    first.run("2026-02-05")
    assert first.states["refresh"] == "success", (
        "a machine that is behind takes over what the other has pushed"
    )
    assert first.release.version == second.release.version, (
        "the same tables are not published twice"
    )
