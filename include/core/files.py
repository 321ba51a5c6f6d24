"""The file port: every change to files that outlive a run goes through here.

A reader sees the old file or the new one, never a part: contents are written beside the target,
flushed to the disk, and renamed. `changing` is called before each change, so that tests can stop
the platform at any of them.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from include.core.errors import ConfigurationError, ConflictError, DamagedFile, StorageError

FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
SMALLEST = 4096  # bytes that a folder, a link or a rename may need
HEALING = (
    "run again: it comes back from the state remote or is made again (docs/runbook.md, damaged"
    " files)"
)
_SEAL = b"sha256_of_all_other_bytes"  # in the metadata of a Parquet file
_UNSEALED = b"0" * 64


def changing(operation: str, path: Path) -> None:
    """Called before each change; does nothing outside tests."""


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_source(path: Path) -> str:
    """A query or a description of this repository, which a run cannot do without."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path.name} is missing", where=str(path), cure="restore it from git"
        ) from None


def names_below(folder: Path) -> list[str]:
    """The files below a folder, by their paths in it, in order."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, in one step for every reader."""
    changing("write", path)
    with writing(path, len(content)):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(path)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)


def write_text(path: Path, content: str) -> None:
    """Replace a file by UTF-8 text, in one step for every reader."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Replace a file by JSON, in one step for every reader."""
    write_text(path, _json(content))


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    """The content of a JSON file. Raises FileNotFoundError, or DamagedFile."""
    try:
        return json.loads(path.read_text())
    except (ValueError, RecursionError) as error:
        raise StorageError(
            f"damaged JSON: {error}", where=str(path), cure="delete it; the next run makes it again"
        ) from error


def write_sealed(path: Path, content: Any) -> None:
    """Write JSON with a checksum of its own contents; the remote's copy has the same bytes."""
    write_text(path, sealed(content))


def sealed(content: Any) -> str:
    """What `write_sealed` writes."""
    return _json({"sha256": _seal(content), "content": content})


def read_sealed(path: Path) -> Any:
    """The content of a file of `write_sealed`. Raises DamagedFile."""
    return open_sealed(path.read_bytes(), str(path))


def open_sealed(text: bytes | str, where: str) -> Any:
    """The same of a text that came from elsewhere."""
    try:
        sealed = json.loads(text)
        if sealed["sha256"] == _seal(sealed["content"]):
            return sealed["content"]
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise DamagedFile("the file is damaged", where=where, cure=HEALING)


def _seal(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def write_made_from(folder: Path, fingerprint: str, paths: Iterable[Path]) -> None:
    """Remember what the files of a folder were made from, and their checksums."""
    write_sealed(
        folder / "made_from.json",
        {"fingerprint": fingerprint, "files": {path.name: sha256(path) for path in paths}},
    )


def is_made_from(folder: Path, fingerprint: str) -> bool:
    """Whether the files of a folder are whole, and were made from that."""
    try:
        made = read_sealed(folder / "made_from.json")
        return made["fingerprint"] == fingerprint and all(
            sha256(folder / name) == digest for name, digest in made["files"].items()
        )
    except (FileNotFoundError, DamagedFile):
        return False


def parquet_metadata(path: Path) -> dict[bytes, bytes]:
    """The metadata that `write_parquet` stored with a table. Raises DamagedFile."""
    with _reading_parquet(path):
        return dict(pq.read_schema(path).metadata or {})


def read_parquet(path: Path, schema: pa.Schema | None = None) -> pa.Table:
    """A whole table that `write_parquet` has written. Raises DamagedFile."""
    with _reading_parquet(path):
        content = path.read_bytes()
        _, key, after = content.rpartition(_SEAL)
        seal = after[2 : 2 + len(_UNSEALED)]  # after its type and length
        if key and seal != _seal_of_bytes(content, seal):  # before anything is parsed
            raise pa.ArrowInvalid("checksum mismatch")
        return pq.read_table(path, schema=schema, page_checksum_verification=True)


@contextlib.contextmanager
def _reading_parquet(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, PermissionError):
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DamagedFile(f"the file is damaged: {error}", where=str(path), cure=HEALING) from error


def read_or(path: Path, default: Any) -> Any:
    """The content of a JSON file that can be done without: if it is missing or damaged, the
    default.
    """
    try:
        return read_json(path)
    except (FileNotFoundError, StorageError):
        return default


def write_parquet(path: Path, table: pa.Table, *, is_sealed: bool = True, **options: Any) -> None:
    """Replace `path` by `table` (zstd), in one step for every reader.

    Checksums of pages leave out their headers and the footer, so a file `is_sealed` by a checksum
    of the whole in its metadata, unless its name is its digest.
    """
    changing("write", path)
    with writing(path, table.nbytes):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(path)
        options |= {"compression": "zstd", "write_page_checksum": True}
        with pq.ParquetWriter(partial, table.schema, **options) as writer:
            writer.write_table(table)
            if is_sealed:
                writer.add_key_value_metadata({_SEAL: _UNSEALED})
        if is_sealed:
            content = partial.read_bytes()
            with partial.open("r+b") as file:
                file.seek(content.rindex(_UNSEALED))
                file.write(_seal_of_bytes(content, _UNSEALED))
        _flush(partial)
        partial.replace(path)


def _seal_of_bytes(content: bytes, seal: bytes) -> bytes:
    """The checksum of a file that holds its own `seal`: of all bytes around it."""
    before, _, after = content.rpartition(seal)
    return hashlib.sha256(before + after).hexdigest().encode()


def move(source: Path, target: Path) -> None:
    """Put a finished file or folder under its final name.

    On one file system this is a single rename.
    """
    changing("move", target)
    with writing(target, SMALLEST):
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            _flush(source)
        source.replace(target)


def point(link: Path, target: str) -> None:
    """Make the symbolic link `link` point to `target`, in one step for every reader."""
    changing("point", link)
    with writing(link, SMALLEST):
        link.parent.mkdir(parents=True, exist_ok=True)
        partial = _partial(link)
        partial.unlink(missing_ok=True)
        partial.symlink_to(target)
        partial.replace(link)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it exists."""
    changing("remove", path)
    with writing(path, SMALLEST):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif os.path.lexists(
            path
        ):  # on a read-only disk even the removal of a missing file is refused
            path.unlink(missing_ok=True)


def empty_folder(path: Path) -> Path:
    """Create an empty folder; an existing one is removed with its files."""
    remove(path)
    with writing(path, SMALLEST):
        path.mkdir(parents=True)
    return path


def copy(source: Path, target: Path) -> None:
    """Copy a file into a scratch folder. A reader of `target` may see a part of it."""
    with writing(target, source.stat().st_size):
        shutil.copyfile(source, target)


def link(source: Path, target: Path) -> None:
    """Give a file that nobody writes to a second name, on the same file system."""
    changing("link", target)
    with writing(target, SMALLEST):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(source)


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A new folder that is removed afterwards."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


@contextlib.contextmanager
def in_turn(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, after whoever holds it now; it is free again when the process
    ends.
    """
    with writing(path, SMALLEST):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def locked(path: Path, owner: str) -> Iterator[None]:
    """Hold the lock file `path`, or raise ConflictError that names its holder.

    It is free again when the process ends.
    """
    with writing(path, SMALLEST):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open(
            "ab+", buffering=0
        )  # a buffer would be written a second time when a full disk's file is closed
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise ConflictError(
                f"{file.read().decode().strip() or 'another run'} is writing the same data",
                where=str(path),
                cure="wait until it has ended, or give this run another DATA_DIR",
            ) from None
        with writing(path, SMALLEST):
            file.truncate(0)
            file.write(f"{owner} (process {os.getpid()})".encode())
        yield


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{threading.get_native_id()}.partial")


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def writing(path: Path, needed: int) -> Iterator[None]:
    """Raise StorageError where Python, pyarrow or DuckDB cannot write `path`; `needed` is an
    estimate in bytes.

    A missing file stays a FileNotFoundError: callers know what it means.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        reason = _reason(error)
        if reason is None:
            raise
        with contextlib.suppress(OSError):
            _partial(path).unlink(missing_ok=True)
        if reason in FULL:
            raise StorageError(
                f"disk full: about {needed:,} bytes needed, {_free(path):,} free",
                where=str(path),
                cure=(
                    "make room (or raise the quota, or free inodes), or move DATA_DIR; then run"
                    " again: nothing is half written"
                ),
            ) from error
        if reason in REFUSED:
            raise StorageError(
                f"no permission to write: {os.strerror(reason)}",
                where=str(path),
                cure=(
                    "give the user who runs Airflow write access, or mount the disk writable; then"
                    " run again"
                ),
            ) from error
        raise StorageError(
            f"cannot write: {os.strerror(reason)}",
            where=str(path),
            cure="check the disk and the path, then run again",
        ) from error


def _reason(error: Exception) -> int | None:
    """The errno of a failed write; None if DuckDB failed for a reason of its own.

    DuckDB has the errno only as text.
    """
    if isinstance(error, OSError):
        return error.errno or errno.EIO
    text = str(error)
    if "failed to offload data block" in text:  # its scratch folder is full, not the memory
        return errno.ENOSPC
    return next(
        (number for number in (*FULL, *REFUSED, errno.EIO) if os.strerror(number) in text), None
    )


def _free(path: Path) -> int:
    """Bytes free on the disk of `path`, which need not exist."""
    return shutil.disk_usage(
        next(folder for folder in path.absolute().parents if folder.exists())
    ).free
