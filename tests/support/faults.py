"""Makes the platform fail, or its process die, at a chosen call of its file or rclone port."""

import contextlib
import errno
import multiprocessing
import os
import re
import signal
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from include.core import files, rclone
from include.core.errors import RemoteError
from tests.support.platform import Platform

TABLE_OF_THE_PLAN = re.compile(r"(?<=/work/plan/)\w+\.parquet$")  # one may fail for all

CHANGING = re.compile(r"\S*/data/|[0-9a-f]{8,}")  # of a description: folders of the test, digests


class Calls:
    """Counts the calls of both ports and hands each to `react(number, description)` before it happens."""

    def __init__(self, react: Callable[[int, str], None] = lambda number, call: None) -> None:
        self.react, self.seen = react, []

    def file(self, operation: str, path: Path) -> None:
        self._call(f"{operation} {path}")

    def remote(self, command: str, remote: str) -> None:
        self._call(f"rclone {command} {remote}")

    def _call(self, description: str) -> None:
        description = TABLE_OF_THE_PLAN.sub("", description)
        self.seen.append(description)
        self.react(len(self.seen) - 1, description)


@contextlib.contextmanager
def watched(calls: Calls) -> Iterator[Calls]:
    kept = files.changing, rclone.calling
    files.changing, rclone.calling = calls.file, calls.remote
    try:
        yield calls
    finally:
        files.changing, rclone.calling = kept


class EachFailsFirst(Calls):
    """Fails every second of the calls the first time that it is made; a call is its description and how often it was
    made before in the run. Which half is a matter of the description alone, so that it does not move with the order."""

    def __init__(self) -> None:
        super().__init__(self._fail)
        self.failed: list[tuple[str, int]] = []
        self.new_run()

    def new_run(self) -> None:
        self.made: Counter[str] = Counter()

    def _fail(self, _: int, call: str) -> None:
        this = (call, self.made[call])
        self.made[call] += 1
        is_left_out = zlib.crc32(CHANGING.sub("", call).encode()) % 2
        if is_left_out or this in self.failed or (call.endswith("/work/plan/") and this[1]):
            return
        self.failed.append(this)
        raise injected(call)


def injected(call: str) -> Exception:
    if call.startswith("rclone"):
        return RemoteError("injected", where=call)
    return OSError(errno.EIO, "injected", call)


def fail_at(wanted: int) -> Callable[[int, str], None]:
    def react(number: int, call: str) -> None:
        if number == wanted:
            raise injected(call)

    return react


@contextlib.contextmanager
def without_waiting() -> Iterator[None]:
    """`dag.test` sleeps a second for each level of tasks behind a failed one."""
    kept, time.sleep = time.sleep, lambda seconds: kept(0)
    try:
        yield
    finally:
        time.sleep = kept


def kill_at(pattern: str) -> Callable[[int, str], None]:
    """Die before the first call whose description contains the pattern."""

    def react(number: int, call: str) -> None:
        if pattern in call:
            os.kill(os.getpid(), signal.SIGKILL)

    return react


def killed_at(pattern: str, platform: Platform, as_of: str) -> int | None:
    """Publish in another process, which dies before the first call whose description contains the pattern; returns its exit code."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.support.loaded"])
    process = processes.Process(target=_publish, args=(pattern, platform, as_of))
    process.start()
    process.join(timeout=900)
    return process.exitcode


def _publish(pattern: str, platform: Platform, as_of: str) -> None:
    with watched(Calls(kill_at(pattern))):
        platform.publish(as_of)
