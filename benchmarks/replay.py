"""Live apartments, 60 times as fast: python benchmarks/replay.py [--minutes 300].

Airflow runs as in `make ui` and watches the drive. Each second a minute of both apartments is put
there. Measured is how long each takes until `sensor_events` of the newest release has it, whether
runs overlap, and whether any begins while nothing is new.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import duckdb

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from benchmarks.packs import SAMPLE  # noqa: E402
from cli.example import environment, write_seeds  # noqa: E402
from include.core.settings import SEEDS  # noqa: E402

NAMES = {"jeremie": "JeremieModele", "jimmy": "JimmyExemple"}
ZONE = ZoneInfo("Europe/Zurich")
QUIET = 90  # seconds in which nothing is new, after all has been seen


class Seen:
    """When each minute of each apartment was in a release for the first time."""

    def __init__(self, home: Path) -> None:
        self.at: dict[tuple[str, datetime], float] = {}
        self._table = home / "publications/apartments/releases/latest/sensor_events.parquet"
        self._stop = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        last = ""
        while not self._stop.wait(0.5):
            with contextlib.suppress(OSError, duckdb.Error):
                if last == (last := str(self._table.resolve(strict=True))):
                    continue
                rows = duckdb.sql(f"select distinct apartment, timestamp from '{last}'").fetchall()
                for row in rows:
                    self.at.setdefault(row, time.monotonic())

    def stop(self) -> None:
        self._stop.set()


def put(drive: Path, at: datetime) -> None:
    """A document of each apartment, under its name in one step."""
    local = at.astimezone(ZONE)
    for name in NAMES.values():
        text = next(SAMPLE.glob(f"29.10.2023 0150_{name}_*")).read_text()
        part = drive.parent / "part"
        part.write_text(text.replace("29.10.2023 01:50", f"{local:%d.%m.%Y %H:%M}"))
        part.rename(drive / f"{local:%d.%m.%Y %H%M}_{name}_received.json")


def runs_of(home: Path) -> list[tuple[str, str, str]]:
    """Start, end and state of each run of refresh."""
    with sqlite3.connect(f"file:{home}/airflow/airflow.db?mode=ro", uri=True) as database:
        found: list[tuple[str, str, str]] = database.execute(
            "select start_date, end_date, state from dag_run where dag_id = 'refresh'"
            " and start_date is not null order by start_date"
        ).fetchall()
    return found


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=300)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="replay-") as scratch, socket.socket() as free:
        home = Path(scratch)
        drive = home / "remote/smb"
        drive.mkdir(parents=True)
        shutil.copytree(SAMPLE.parent / "sftp", home / "remote/sftp")
        write_seeds(SEEDS, home / "seeds", "apartments")
        variables = environment(os.environ, home, "")
        free.bind(("127.0.0.1", 0))
        variables |= {"PORT": str(free.getsockname()[1]), "WATCH_SECONDS": "15"}
        free.close()
        ui = subprocess.Popen(
            [sys.executable, str(PROJECT / "cli/ui.py")],
            env=variables,
            stdout=subprocess.PIPE,
            text=True,
        )
        seen = Seen(home)
        try:
            assert ui.stdout
            while "Ctrl-C" not in (line := ui.stdout.readline()):
                assert line, "Airflow did not start"
            report(feed(drive, minutes), seen, home)
        finally:
            seen.stop()
            ui.send_signal(signal.SIGINT)
            ui.wait(60)


def feed(drive: Path, minutes: int) -> dict[datetime, float]:
    """Put a minute a second; when each was put."""
    now = datetime.now(ZONE).replace(second=0, microsecond=0)
    began, sent = time.monotonic(), {}
    for number in range(minutes):
        at = now - timedelta(minutes=minutes - number)
        put(drive, at)
        sent[at] = time.monotonic()
        time.sleep(max(0, began + number + 1 - time.monotonic()))
    return sent


def report(sent: dict[datetime, float], seen: Seen, home: Path) -> None:
    """Wait until all was seen, and for a while after."""
    wanted = {(name, at) for name in NAMES for at in sent}
    deadline = time.monotonic() + 600
    while not wanted <= seen.at.keys() and time.monotonic() < deadline:
        time.sleep(1)
    missing = wanted - seen.at.keys()
    waited = sorted(seen.at[name, at] - sent[at] for name, at in wanted - missing)
    before = runs_of(home)
    time.sleep(QUIET)
    runs = runs_of(home)
    overlaps = sum(later[0] < (earlier[1] or "9") for earlier, later in pairwise(runs))
    print(
        f"{len(sent):,} minutes of {len(NAMES)} apartments, {len(missing)} not seen; from file to"
        f" sensor_events: median {median(waited):.0f} s, longest {waited[-1]:.0f} s;"
        f" {len(runs)} runs of refresh, {overlaps} overlap, {len(runs) - len(before)} began in"
        f" {QUIET} s without new files; states {sorted({state for *_, state in runs})}"
    )


if __name__ == "__main__":
    main()
