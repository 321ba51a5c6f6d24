"""Installations of generated buildings: other seeds, and so other DAGs, than the project's own."""

from pathlib import Path

import pytest

import tests.support.platform
from benchmarks.many import building_ids, write_month, write_seeds
from sensor_platform.internals.airflow_runs import load_dags, register_dags
from tests.support.platform import Platform


def many_buildings(platform: Platform, seeds: Path, count: int) -> None:
    """Seeds of so many buildings with two sensors and a file of two days each, on one drive."""
    write_seeds(seeds, count, sensors=2)
    for name in building_ids(count):
        write_month(platform.drive, name, days=2, sensors=2)
    platform.environment |= {
        "SEEDS_DIR": str(seeds),
        "RCLONE_CONFIG_DRIVE_TYPE": "alias",
        "RCLONE_CONFIG_DRIVE_REMOTE": str(platform.drive),
        "STATE_REMOTE": "drive:Platform",
        "PUBLISH_REMOTE": "drive:Public",
    }
    platform.use()


def use_their_dags(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the DAGs of the seeds as they are now."""
    bag = load_dags()
    assert not bag.import_errors, bag.import_errors
    register_dags(bag)
    monkeypatch.setattr(tests.support.platform, "runnable_dags", lambda: bag.dags)


def edit(seeds: Path, file: str, old: str, new: str, count: int = 1) -> None:
    """Replace a text that a seed has so many times."""
    text = (seeds / file).read_text()
    assert text.count(old) == count, f"{file} has {old!r} {text.count(old)} times"
    (seeds / file).write_text(text.replace(old, new))


def append(seeds: Path, file: str, row: str) -> None:
    """Add a row to a seed."""
    with (seeds / file).open("a") as seed:
        seed.write(f"{row}\n")
