"""What every source does. A new one is a line in `DRIVES`: where it finds the files of a folder."""

import contextlib
import hashlib
import importlib
import os
import traceback
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core import masking
from include.core.errors import RemoteError, RemoteGone
from include.sources.port import Source
from include.sources.registry import RCLONE, SOURCES
from tests.support.platform import tree
from tests.support.raw_files import write

SECRET = "se-cret-0f-a-drive"
MODULES = {"rclone": RCLONE, **SOURCES, "stub": "tests.support.stubs.include.sources.stub"}
# name → a location whose files are in {folder}, and one with SECRET in it where nobody answers
DRIVES = {
    "rclone": (
        "contract:Indoor/Latest",
        f":webdav,url='http://u:{SECRET}@127.0.0.1:1/x?token={SECRET}',bearer_token={SECRET}:a",
    ),
    "stub": ("stub://{folder}", f"stub:///nowhere?token={SECRET}"),
}
ODD_NAMES = (
    *("with space.csv", " leading", "trailing ", "#comment", ";comment", "-dash", "--flag=x"),
    *("[a]{b,c}*?.csv", "%41.csv", "back\\slash", "a:b", "quotes'\"", "~tilde", "$HOME", ".hidden"),
    *("a/deep/er/file.csv", "a/file.csv", "file.csv", "UPPER.csv", "..two dots", "a/..two dots"),
    *("Vzduchotechnika 1.NP – žluť.csv", "e\u0301 apart.csv", "😀", "\u202eright to left", "／"),
    *("a\u2028line separator", "a\x85next line", "\ufeffmark", "a\xa0no-break", "␠"),
)
LETTERS = " #;-_.,'\"[]{}*?%:\\&$!~+=@aZ0éž日😀\u2028\x85\xa0\u200b\ufeff\u202e"
NAMES = st.text(st.sampled_from(LETTERS), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..")
)


@dataclass(frozen=True)
class Drive:
    """A source, and what it finds at a location: the files below `folder`."""

    source: Source
    location: str
    silent: str
    folder: Path

    def write(self, **files: str) -> None:
        for name, content in files.items():
            write(self.folder / name, content.encode())

    def fetched(self, into: Path, *paths: str) -> dict[str, bytes]:
        """Everything that is below a folder after some files were fetched into it."""
        into.mkdir(parents=True, exist_ok=True)
        self.source.fetch(self.location, into, paths)
        return tree(into)

    def paths(self) -> list[str]:
        return [file.path for file in self.source.list(self.location)]


@pytest.fixture(params=MODULES)
def drive(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Drive]:
    """An empty drive of each source."""
    assert request.param in DRIVES, "add the source to DRIVES, so that its contract is tested"
    monkeypatch.setenv("RCLONE_CONFIG_CONTRACT_TYPE", "alias")
    monkeypatch.setenv("RCLONE_CONFIG_CONTRACT_REMOTE", str(tmp_path / "drive"))
    monkeypatch.setattr(masking, "_known", set(masking._known))
    folder = tmp_path / "drive/Indoor/Latest"
    folder.mkdir(parents=True)
    source: Source = importlib.import_module(MODULES[request.param]).SOURCE
    location, silent = DRIVES[request.param]
    yield Drive(source, location.format(folder=folder), silent, folder)


def test_a_listing_is_complete_and_agrees_with_what_is_fetched(
    drive: Drive, tmp_path: Path
) -> None:
    contents = {name: f"{name} {'x' * n}".encode() for n, name in enumerate(ODD_NAMES)}
    contents["empty"] = b""
    for name, content in contents.items():
        write(drive.folder / name, content)
    listed = drive.source.list(drive.location, with_digest=True)
    assert sorted(file.path for file in listed) == sorted(contents), "each once, by relative path"
    for file in listed:
        assert file.size == len(contents[file.path]), file
        assert datetime.fromisoformat(file.modified).tzinfo, file
        if file.digest:
            kind, _, digest = file.digest.partition(":")
            assert digest == hashlib.new(kind, contents[file.path]).hexdigest(), file

    def facts(only: list[str] | None) -> set[tuple[str, int, str]]:
        found = drive.source.list(drive.location, only=only)
        return {(file.path, file.size, file.modified) for file in found}

    some = list(contents)[::2]
    assert facts(None) == {(file.path, file.size, file.modified) for file in listed}
    assert facts([*some, "not there", "a/deep"]) == {
        (file.path, file.size, file.modified) for file in listed if file.path in some
    }
    kept = tree(drive.folder), {path: path.stat().st_mtime_ns for path in drive.folder.iterdir()}
    assert drive.fetched(tmp_path / "first", *contents) == contents
    assert drive.fetched(tmp_path / "first", *contents) == contents, "once more changes nothing"
    assert drive.fetched(tmp_path / "some", *some) == {name: contents[name] for name in some}
    assert kept == (
        tree(drive.folder),
        {path: path.stat().st_mtime_ns for path in drive.folder.iterdir()},
    ), "nobody writes to a source"


def test_any_printable_names_are_listed_and_fetched_as_they_are(
    drive: Drive, tmp_path: Path
) -> None:
    runs = iter(range(1000))

    # names that differ in Unicode's normal form alone are not in one folder: a source may leave one out
    @settings(max_examples=5, deadline=None)
    @given(st.lists(NAMES, max_size=30, unique_by=lambda name: unicodedata.normalize("NFC", name)))
    def check(names: list[str]) -> None:
        run = f"run {next(runs)}"
        contents = {f"{run}/{name}": name.encode() for name in names}
        for path, content in contents.items():
            write(drive.folder / path, content)
        listed = [path for path in drive.paths() if path.startswith(f"{run}/")]
        assert sorted(listed) == sorted(contents)
        assert drive.fetched(tmp_path / run, *listed) == contents

    check()


def test_a_name_with_control_characters_hides_no_file_and_passes_for_none(
    drive: Drive, tmp_path: Path
) -> None:
    drive.write(
        **{"a\nb": "1", "a": "22", "b": "333", "c\rd": "4444", "e\tf": "55555", "c": "6" * 6}
    )
    listed = drive.source.list(drive.location)
    assert sorted(file.size for file in listed) == [1, 2, 3, 4, 5, 6]
    assert len({file.path for file in listed}) == 6
    fetched = drive.fetched(tmp_path / "here", *(file.path for file in listed))
    sizes = {file.path: file.size for file in listed}
    assert {path: len(fetched[path]) for path in fetched if path in sizes}.items() <= sizes.items()
    assert {path: fetched.get(path) for path in "abc"} == {"a": b"22", "b": b"333", "c": b"6" * 6}


def test_what_vanishes_after_the_listing_keeps_nothing_else_from_coming(
    drive: Drive, tmp_path: Path
) -> None:
    drive.write(**{"gone": "1", "in/a/folder": "2", "kept": "3", "in/kept": "4"})
    listed = drive.paths()
    (drive.folder / "gone").unlink()
    (drive.folder / "in/a/folder").unlink()
    (drive.folder / "in/a").rmdir()
    into = tmp_path / "here"
    into.mkdir()
    with contextlib.suppress(RemoteError):
        drive.source.fetch(drive.location, into, listed)
    assert tree(into) == {"kept": b"3", "in/kept": b"4"}
    left = drive.source.list(drive.location, only=listed, with_digest=True)
    assert {file.path for file in left} == {"kept", "in/kept"}


def test_a_file_that_was_written_again_is_listed_as_another_and_fetched_over_the_old(
    drive: Drive, tmp_path: Path
) -> None:
    drive.write(a="old", b="same")
    os.utime(drive.folder / "a", (1_769_904_000, 1_769_904_000))
    before = {file.path: file for file in drive.source.list(drive.location)}
    drive.fetched(tmp_path / "here", "a", "b")
    drive.write(a="new")  # of the same size
    os.utime(drive.folder / "a", (1_769_904_002, 1_769_904_002))
    after = {file.path: file for file in drive.source.list(drive.location)}
    assert before["b"] == after["b"] and before["a"].modified != after["a"].modified
    write(tmp_path / "here/b", b"half of another")
    assert drive.fetched(tmp_path / "here", "a", "b") == {"a": b"new", "b": b"same"}


def test_nothing_is_not_everything(drive: Drive, tmp_path: Path) -> None:
    assert drive.source.list(drive.location) == [], "an empty folder is there"
    drive.write(a="1")
    assert drive.source.list(drive.location, only=[]) == []
    assert drive.fetched(tmp_path / "here") == {}


def test_a_location_that_is_not_there_is_gone_and_not_empty(drive: Drive, tmp_path: Path) -> None:
    drive.folder.rmdir()
    for only in (None, ["a"]):
        with pytest.raises(RemoteGone) as gone:
            drive.source.list(drive.location, only=only)
        assert drive.location in gone.value.where and gone.value.what and gone.value.cure
    with contextlib.suppress(RemoteError):
        assert drive.fetched(tmp_path / "here", "a") == {}


def test_a_location_that_cannot_be_reached_is_an_error_with_a_cure_and_without_its_secrets(
    drive: Drive, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for call in (
        lambda: drive.source.list(drive.silent),
        lambda: drive.source.list(drive.silent, only=["a"], with_digest=True),
        lambda: drive.source.fetch(drive.silent, tmp_path / "here", ["a"]),
    ):
        with pytest.raises(RemoteError) as failed:
            call()
        assert failed.value.what and failed.value.where and failed.value.cure
        for said in (repr(failed.value), *traceback.format_exception(failed.value), caplog.text):
            assert SECRET not in said
    assert not (tmp_path / "here").exists()
