"""Many small files: python benchmarks/packs.py [--documents 220000].

Two apartments send a JSON document a minute, made of those of the sample. Measured is what the
platform does with them after they were copied: verify, pack, validate, register; then the same for
two minutes more.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from cli.example import environment, write_seeds  # noqa: E402
from include.core import rclone  # noqa: E402
from include.core.clock import parse_as_of  # noqa: E402
from include.core.settings import SEEDS, Settings  # noqa: E402
from include.ingest.judge import SkippedChecks  # noqa: E402
from include.ingest.register import pass_gate, register, validate_arrivals  # noqa: E402
from include.registry import Run, load_registry  # noqa: E402
from include.sources.sync import sync  # noqa: E402

SAMPLE = PROJECT / "include/sample_data/apartments/drive/smb"
FIRST = datetime(2023, 7, 1)  # noqa: DTZ001  # a wall clock
AS_OF = "2024-06-01"
SOURCES = ("apartments_jeremie", "apartments_jimmy")


def send(drive: Path, minutes: range) -> int:
    """Write the documents of these minutes since FIRST; returns how many."""
    templates = {
        name: next(SAMPLE.glob(f"29.10.2023 0150_{name}_*")).read_text()
        for name in ("JeremieModele", "JimmyExemple")
    }
    for minute in minutes:
        at = FIRST + timedelta(minutes=minute)
        for name, text in templates.items():
            document = text.replace("29.10.2023 01:50", f"{at:%d.%m.%Y %H:%M}")
            document = document.replace('"total": 6', f'"total": {minute % 9 + 1}', 1)
            (drive / f"{at:%d.%m.%Y %H%M}_{name}_received.json").write_text(document)
    return len(minutes) * len(templates)


class Remote:
    """Seconds in which rclone listed or copied: they are the remote's, not ours."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock, self._running, self._since = threading.Lock(), 0, 0.0
        rclone.run = self._timed(rclone.run)
        rclone.listing = self._timed(rclone.listing)

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            with self._lock:
                self._running += 1
                if self._running == 1:
                    self._since = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                with self._lock:
                    self._running -= 1
                    if not self._running:
                        self.seconds += time.perf_counter() - self._since

        return call


def read(name: str) -> None:
    """What the tasks of a datasource do up to the hand-over; prints seconds and memory."""
    settings, remote = Settings.from_environment(), Remote()
    run = Run(settings, load_registry(settings.seeds_dir), parse_as_of(AS_OF))
    source = run.registry.datasource(name)
    began = time.perf_counter()
    sync(run, source)
    validate_arrivals(run, source, SkippedChecks())
    pass_gate(run.settings, run.registry, source, SkippedChecks())
    seconds = time.perf_counter() - began - remote.seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "remote": remote.seconds, "mib": peak}))


def measure(title: str, count: int) -> None:
    """Read both datasources at once, each in a process of its own as their tasks are."""
    command = [sys.executable, __file__, "--datasource"]
    started = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in SOURCES
    ]
    found = [json.loads(process.communicate()[0]) for process in started]
    settings = Settings.from_environment()
    registry = load_registry(settings.seeds_dir)
    began = time.perf_counter()
    register(settings, [registry.datasource(name) for name in SOURCES])
    last = time.perf_counter() - began
    seconds = max(one["seconds"] for one in found) + last
    remote, mib = max(one["remote"] for one in found), sum(one["mib"] for one in found)
    print(
        f"- {title}: {count:,} documents, {seconds:.1f} s, {count / seconds:,.0f} a second; the"
        f" remote {remote:.1f} s; {mib:,.0f} MiB in both processes",
        flush=True,
    )


def main() -> None:
    """Print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=220_000)
    parser.add_argument("--datasource", help="read one of them, in a folder that is prepared")
    chosen = parser.parse_args()
    if chosen.datasource:
        read(chosen.datasource)
        return
    minutes = chosen.documents // 2
    with tempfile.TemporaryDirectory(prefix="packs-") as scratch:
        home = Path(scratch)
        drive = home / "remote/smb"
        drive.mkdir(parents=True)
        write_seeds(SEEDS, home / "seeds", "apartments")
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        os.environ.update(environment({"PATH": path}, home, AS_OF))
        measure("first", send(drive, range(minutes)))
        measure("two minutes more", send(drive, range(minutes, minutes + 2)))
        paths = Settings.from_environment().paths
        landed = sum(path.stat().st_size for path in paths.landing.rglob("*") if path.is_file())
        ledger = paths.ledger("apartments").stat().st_size
        print(f"- landing {landed / 1e6:,.0f} MB, ledger {ledger / 1e3:,.0f} KB")


if __name__ == "__main__":
    main()
