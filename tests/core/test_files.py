"""The file port: whole files or none, and a clear error on a full or read-only disk."""

import errno
import json
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.contract.tables import Column, Table
from include.core import files
from include.core.errors import ConflictError, DamagedFile, StorageError
from include.core.settings import Settings
from include.monitoring.runs import record_run
from include.release.parquet_files import concatenate
from include.store.store import StoredFile

TABLE = pa.table({"x": [random.Random(1).randbytes(2**21)]})  # more than the small disk has


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB and 64 inodes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=64", "tmpfs", disk],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a small disk needs the right to mount: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path) -> None:
    with (
        pytest.raises(OSError, match="No space left"),
        (disk / "filler").open("wb", buffering=0) as file,
    ):
        while True:
            file.write(bytes(4096))


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


def copy_with_duckdb(path: Path) -> None:
    with files.writing(path, 1000), duckdb.connect() as connection:
        connection.execute(
            f"copy (select random() from range(500000)) to '{path}' (format parquet)"
        )


def hold(path: Path) -> None:
    with files.locked(path, "a test"):
        pass


def copy_here(path: Path) -> None:
    source = path.parent.parent / "source"
    source.write_bytes(bytes(2**21))
    files.copy(source, path)


def point(path: Path) -> None:
    files.point(path, "elsewhere/" + "x" * 4000)  # a short target needs no block of its own


GROWING: dict[str, Callable[[Path], object]] = {
    "write_bytes": lambda path: files.write_bytes(path, bytes(2**21)),
    "write_json": lambda path: files.write_json(path, "x" * 2**21),
    "write_parquet": lambda path: files.write_parquet(path, TABLE, use_dictionary=False),
    "copy": copy_here,
    "duckdb": copy_with_duckdb,
}
SMALL: dict[str, Callable[[Path], object]] = {
    "locked": hold,
    "point": point,
    "empty_folder": lambda path: files.empty_folder(path / "a/b"),
    "write_text": lambda path: files.write_text(path / "a/b", "text"),
}


@pytest.mark.parametrize("operation", GROWING)
def test_a_full_disk_is_reported_with_needed_and_free_bytes_and_leaves_nothing_half_written(
    small_disk: Path, operation: str
) -> None:
    path = small_disk / "file"
    with pytest.raises(
        StorageError, match=r"^disk full: about [\d,]+ bytes needed, [\d,]+ free"
    ) as error:
        GROWING[operation](path)
    assert error.value.where == str(path) and "make room" in error.value.cure
    if operation != "copy":
        assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("operation", SMALL)
def test_a_disk_without_a_free_byte_is_reported(small_disk: Path, operation: str) -> None:
    fill(small_disk)
    with pytest.raises(StorageError, match="disk full"):
        for number in range(64):  # an empty file or a folder needs only an inode
            SMALL[operation](small_disk / str(number))


def test_a_lock_is_free_again_after_its_file_could_not_be_written(small_disk: Path) -> None:
    fill(small_disk)
    lock = small_disk / "lock"
    with pytest.raises(StorageError, match="disk full"):
        hold(lock)
    (small_disk / "filler").unlink()
    hold(lock)
    assert lock.read_text().startswith("a test (process ")


@pytest.mark.parametrize("operation", [*GROWING, *SMALL, "remove", "remove a folder", "move"])
def test_a_read_only_disk_is_reported_with_its_cure(small_disk: Path, operation: str) -> None:
    path = small_disk / "file"
    if operation == "remove":
        path.write_text("")
    if operation == "remove a folder":
        (path / "below").mkdir(parents=True)
    (small_disk / "source").write_text("")
    make_read_only(small_disk)
    others: dict[str, Callable[[Path], object]] = {
        "remove": files.remove,
        "remove a folder": files.remove,
        "move": lambda path: files.move(small_disk / "source", path),
        "copy": lambda path: files.copy(small_disk / "source", path),
    }
    with pytest.raises(
        StorageError, match="no permission to write: Read-only file system"
    ) as error:
        {**GROWING, **SMALL, **others}[operation](path)
    assert "write access" in error.value.cure


def test_a_missing_file_is_removed_from_a_read_only_disk_without_an_error(small_disk: Path) -> None:
    make_read_only(small_disk)
    files.remove(small_disk / "missing")


def test_a_table_of_a_release_on_a_full_disk_is_reported(small_disk: Path, tmp_path: Path) -> None:
    source = tmp_path / "source.parquet"
    table = Table("x.parquet", "fct_x", "monthly", "", (Column("x", "double", "", ""),), ("x",))
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select random() as x from range(400000)) to '{source}' (format parquet)"
        )
        stored = StoredFile(source, files.sha256(source))
        with pytest.raises(
            StorageError, match=f"disk full: about {source.stat().st_size:,} bytes needed"
        ):
            concatenate(connection, [stored], small_disk / "x.parquet", table, "true")


def test_a_full_scratch_folder_of_duckdb_is_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    target = tmp_path / "sorted.parquet"
    options: dict[str, str | int] = {
        "memory_limit": "20MB",
        "temp_directory": str(small_disk / "spill"),
        "threads": 1,
    }
    with (
        duckdb.connect(config=options) as connection,
        pytest.raises(StorageError, match="disk full"),
        files.writing(target, 1000),
    ):
        connection.execute(
            f"copy (select random() as x from range(5000000) order by x) to '{target}' (format parquet)"
        )


def test_no_byte_of_a_parquet_file_changes_unnoticed(tmp_path: Path) -> None:
    """Headers of pages and the footer as well: they say how what is in the pages is read."""
    path = tmp_path / "a.parquet"
    instants = pa.array([0, 10**15, None], pa.timestamp("us", "UTC"))
    table = pa.table({"name": ["a", "b", None], "at": instants, "size": [1, 2, 3]})
    files.write_parquet(path, table)
    assert files.read_parquet(path).equals(table)
    whole, unnoticed = path.read_bytes(), []
    for position, byte in enumerate(whole):
        path.write_bytes(whole[:position] + bytes([255 - byte]) + whole[position + 1 :])
        try:
            assert files.read_parquet(path).equals(table)
            unnoticed.append(position)
        except DamagedFile:
            pass
    name = b"sha256_of_all_other_bytes"  # without it there is none, as in files of older checkouts
    assert set(unnoticed) <= {whole.index(name) + offset for offset in range(-2, len(name) + 2)}


def test_other_errors_of_duckdb_keep_their_words(tmp_path: Path) -> None:
    with (
        duckdb.connect() as connection,
        pytest.raises(duckdb.IOException, match="No files found"),
        files.writing(tmp_path / "x", 1),
    ):
        connection.execute("from read_parquet('/missing/*.parquet')")


@pytest.mark.parametrize(
    "number",
    [errno.EIO, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EDQUOT, errno.EACCES, errno.EROFS],
)
def test_every_error_of_a_write_is_a_storage_error(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(number, "injected")

    monkeypatch.setattr(Path, "replace", fail)
    (tmp_path / "old").write_text("old")
    with pytest.raises(StorageError):
        files.write_text(tmp_path / "old", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "old"


def test_a_file_where_a_folder_should_be_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        files.write_text(tmp_path / "file/below", "text")


def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    with (
        files.locked(tmp_path / "lock", "first"),
        pytest.raises(ConflictError, match=r"first \(process \d+\) is writing"),
    ):
        hold(tmp_path / "lock")
    hold(tmp_path / "lock")


def test_an_empty_folder_replaces_a_full_one(tmp_path: Path) -> None:
    files.write_text(tmp_path / "folder/below/file", "text")
    assert list(files.empty_folder(tmp_path / "folder").iterdir()) == []


def test_a_page_of_a_run_is_not_written_to_a_read_only_disk(small_disk: Path) -> None:
    make_read_only(small_disk)
    settings, now = (
        replace(Settings.from_environment(), data_dir=small_disk),
        datetime(2026, 3, 1, tzinfo=UTC),
    )
    with pytest.raises(StorageError, match="no permission to write"):
        record_run(settings, "refresh", "success", now, now, "")


@given(
    st.text()
    | st.binary()
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_other_text_is_a_damaged_sealed_file(content: object) -> None:
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    with pytest.raises(DamagedFile):
        files.open_sealed(text, "here")
