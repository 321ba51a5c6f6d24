"""One building's trouble stops no other: a drive that hangs, a poison file and a wrong row among twenty."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import tests.support.platform
from benchmarks.many import building_ids
from include.ingest.register import read_outcome
from include.sources.watch import new_files
from tests.support.many import edit, many_buildings, use_their_dags
from tests.support.platform import Platform

pytestmark = pytest.mark.xdist_group("seeds")
IDS = building_ids(20)
HANGING, POISONED, WRONG, WEEKLY = "b003", "b008", "b015", "b017"


@contextlib.contextmanager
def silence() -> Iterator[str]:
    """An address that takes a call and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        held: list[socket.socket] = []
        threading.Thread(target=_hold, args=(server, held), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def _hold(server: socket.socket, held: list[socket.socket]) -> None:
    with contextlib.suppress(OSError):
        while True:
            held.append(server.accept()[0])


@pytest.fixture
def platform(new_platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    made: Platform = new_platform()
    many_buildings(made, tmp_path / "seeds", len(IDS))
    use_their_dags(monkeypatch)
    return made


def published(platform: Platform) -> dict[str, int]:
    return dict(
        platform.query(
            "select building_id, count(*) from public_dataset_raw group by all order by 1"
        )
    )


def test_the_trouble_of_one_building_stays_its_own(
    platform: Platform,
) -> None:
    seeds = platform.settings.seeds_dir
    shares = [
        task
        for task in tests.support.platform.runnable_dags()["refresh"].task_ids
        if task.endswith(".sync")
    ]
    assert len(shares) == 10, "two buildings each"
    poison = platform.drive / POISONED / "rooms_2026-01.csv"
    good = poison.read_bytes()
    poison.write_bytes(b"\x00" * 5000)
    edit(
        seeds,
        "buildings_config.csv",
        f"{WRONG},{WRONG.upper()},Europe/Prague",
        f"{WRONG},{WRONG.upper()},Europe/Praha",
    )
    edit(seeds, "datasources_config.csv", f"drive:{HANGING}", "hanging:rooms")
    weekly = "b017,B017,UTC+14,,,2,CC0-1.0,publish,"
    edit(seeds, "buildings_config.csv", f"{weekly},", f"{weekly}0 6 * * 3,")
    platform.environment |= {"REMOTE_TIMEOUT": "10", "RCLONE_CONFIG_HANGING_TYPE": "http"}
    with silence() as address:
        platform.environment["RCLONE_CONFIG_HANGING_URL"] = address
        platform.publish("2026-02-02")
    assert platform.states["aggregate_and_publish"] == "success"
    assert platform.states["refresh"] == "failed"
    assert published(platform) == {
        name: 96 for name in IDS if name not in (HANGING, POISONED, WRONG)
    }
    outcome = read_outcome(platform.settings)
    assert outcome is not None and len(outcome.problems) == 3
    for name in (HANGING, POISONED, WRONG):
        assert [text for text in outcome.problems if name in text or "rooms_2026-01.csv" in text], (
            name
        )

    platform.environment["REMOTE_TIMEOUT"] = "300"
    poison.write_bytes(good)
    edit(seeds, "buildings_config.csv", "Europe/Praha", "Europe/Prague")
    edit(seeds, "datasources_config.csv", "hanging:rooms", f"drive:{HANGING}")
    (platform.drive / WEEKLY / "late.csv").write_text("time;s00;s01\n2026-01-20 00:00;7;8\n")
    assert not {name for name, *_ in new_files(platform.settings, platform.registry)} & {
        f"{WEEKLY}_rooms"
    }
    platform.publish("2026-02-03")
    assert platform.states["refresh"] == "success"
    assert published(platform) == dict.fromkeys(IDS, 96), "one is read on Wednesdays"
