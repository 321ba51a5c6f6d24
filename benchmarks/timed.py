"""Wall time, processor time and memory of a process."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Timed:
    seconds: float
    megabytes: float
    processor: float  # seconds, of all cores


def timed(*command: str | Path, **environment: str) -> Timed:
    """Wall time and peak memory of one process."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *command], env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (
        0,
        2,
    ):  # 2: the drive has no ventilation exports, and the run says so
        raise SystemExit(f"{command} failed")
    processor = usage.ru_utime + usage.ru_stime
    return Timed(time.monotonic() - began, usage.ru_maxrss / 1024, processor)
