"""What every source does. A new one is a line in `DRIVES`."""

import contextlib
import hashlib
import importlib
import os
import shutil
import traceback
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.core import masking
from include.core.errors import RemoteError, RemoteGone
from include.sources.port import Source
from include.sources.registry import RCLONE, SOURCES
from tests.support.platform import tree
from tests.support.raw_files import write

SECRET = "se-cret-0f-a-drive"
MODULES = {"rclone": RCLONE, **SOURCES, "stub": "tests.support.stubs.include.sources.stub"}
# source → a location with the files of {folder}, and one with SECRET in it that cannot be reached
DRIVES = {
    "rclone": (
        "contract:Indoor/Latest",
        f":webdav,url='http://u:{SECRET}@127.0.0.1:1/x?token={SECRET}',bearer_token={SECRET}:a",
    ),
    "stub": ("stub://{folder}", f"stub:///nowhere?token={SECRET}"),
}
NAMES = (
    *("with space.csv", " leading", "trailing ", "#comment", ";comment", "-dash", "--flag=x"),
    *("[a]{b,c}*?.csv", "%41.csv", "back\\slash", "a:b", "quotes'\"", ".hidden", "..two dots"),
    *("a.csv", "in/a.csv", "in/deep/er/a.csv", "1.NP – žluť.csv", "e\u0301", "\u2028", "\x85"),
)
LETTERS = " #;-_.,'\"[]{}*?%:\\&$!~+=@aZ0éž日😀\u0301\u2028\x85\xa0\u200b\ufeff\u202e"
ANY_NAME = st.text(LETTERS, min_size=1, max_size=20).filter(lambda name: name not in (".", ".."))


@dataclass(frozen=True)
class Drive:
    """A source, and a location where it finds the files below `folder`."""

    source: Source
    location: str
    unreachable: str
    folder: Path

    def write(self, contents: dict[str, bytes]) -> None:
        for path, content in contents.items():
            write(self.folder / path, content)

    def fetched(self, into: Path, *paths: str) -> dict[str, bytes]:
        """All that is below a folder after these files were fetched into it."""
        into.mkdir(parents=True, exist_ok=True)
        self.source.fetch(self.location, into, paths)
        return tree(into)


@pytest.fixture(params=MODULES)
def drive(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """An empty drive of each source."""
    assert request.param in DRIVES, "a source without its line in DRIVES"
    monkeypatch.setenv("RCLONE_CONFIG_CONTRACT_TYPE", "alias")
    monkeypatch.setenv("RCLONE_CONFIG_CONTRACT_REMOTE", str(tmp_path / "drive"))
    monkeypatch.setattr(masking, "_known", set(masking._known))
    folder = tmp_path / "drive/Indoor/Latest"
    folder.mkdir(parents=True)
    location, unreachable = (text.format(folder=folder) for text in DRIVES[request.param])
    source = importlib.import_module(MODULES[request.param]).SOURCE
    return Drive(source, location, unreachable, folder)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "here"


def test_any_printable_names_are_listed_and_fetched_as_they_are(drive: Drive, into: Path) -> None:
    # not two names that differ only in Unicode's normal form: a source may take them for one
    @settings(max_examples=3)
    @given(st.lists(ANY_NAME, max_size=30, unique_by=lambda name: normalize("NFC", name)))
    @example(NAMES)
    def check(names: list[str]) -> None:
        shutil.rmtree(drive.folder)
        shutil.rmtree(into, ignore_errors=True)
        drive.folder.mkdir()
        contents = {name: name.encode() * n for n, name in enumerate(names)}  # the first is empty
        drive.write(contents)
        found = drive.source.list(drive.location)
        assert sorted((file.path, file.size) for file in found) == sorted(
            (path, len(content)) for path, content in contents.items()
        )
        listed = {file.path: file for file in found}
        some = {path: contents[path] for path in names[::2]}
        only = drive.source.list(drive.location, only=[*some, "not/there", "in"], with_digest=True)
        assert {file.path: replace(file, digest="") for file in only} == {
            path: listed[path] for path in some
        }
        for file in only:
            kind, _, digest = file.digest.partition(":")
            assert not kind or digest == hashlib.new(kind, some[file.path]).hexdigest()
            assert datetime.fromisoformat(file.modified).tzinfo
        assert drive.fetched(into, *some) == some
        assert drive.fetched(into, *contents) == contents, "a second fetch changes nothing"
        assert tree(drive.folder) == contents, "nobody writes to a source"

    check()


def test_a_name_with_control_characters_hides_no_other_file_and_passes_for_none(
    drive: Drive, into: Path
) -> None:
    plain = {"a": b"1", "b": b"22", "c": b"333"}
    drive.write({**plain, "a\nb": b"4444", "c\rd": b"55555", "e\tf": b"666666"})
    sizes = {file.path: file.size for file in drive.source.list(drive.location)}
    assert sorted(sizes.values()) == [1, 2, 3, 4, 5, 6]
    fetched = drive.fetched(into, *sizes)
    assert all(len(fetched[path]) == size for path, size in sizes.items() if path in fetched)
    assert plain.items() <= fetched.items()


def test_what_vanishes_after_the_listing_keeps_nothing_else_from_coming(
    drive: Drive, into: Path
) -> None:
    kept = {"kept": b"1", "in/kept": b"2"}
    drive.write({**kept, "gone": b"3", "in/folder/gone": b"4"})
    listed = [file.path for file in drive.source.list(drive.location)]
    (drive.folder / "gone").unlink()
    (drive.folder / "in/folder/gone").unlink()
    (drive.folder / "in/folder").rmdir()
    with contextlib.suppress(RemoteError):
        drive.fetched(into, *listed)
    assert tree(into) == kept
    left = drive.source.list(drive.location, only=listed, with_digest=True)
    assert {file.path for file in left} == kept.keys()


def test_a_file_that_was_written_again_is_listed_as_another(drive: Drive, into: Path) -> None:
    found = []
    for second, content in ((1_769_904_000, b"old"), (1_769_904_002, b"new")):
        drive.write({"a": content})
        os.utime(drive.folder / "a", (second, second))
        found += drive.source.list(drive.location)
        assert drive.fetched(into, "a") == {"a": content}
    assert found[0].size == found[1].size and found[0].modified != found[1].modified


def test_nothing_is_not_everything_and_an_empty_folder_is_not_gone(
    drive: Drive, into: Path
) -> None:
    assert drive.source.list(drive.location) == []
    drive.write({"a": b"1"})
    assert drive.source.list(drive.location, only=[]) == []
    assert drive.fetched(into) == {}
    shutil.rmtree(drive.folder)
    for only in (None, ["a"]):
        with pytest.raises(RemoteGone) as gone:
            drive.source.list(drive.location, only=only)
        assert gone.value.what and drive.location in gone.value.where and gone.value.cure
    with contextlib.suppress(RemoteError):
        assert drive.fetched(into, "a") == {}


def test_a_location_that_cannot_be_reached_is_an_error_with_a_cure_and_without_its_secrets(
    drive: Drive, into: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for call in (
        lambda: drive.source.list(drive.unreachable),
        lambda: drive.source.list(drive.unreachable, only=["a"], with_digest=True),
        lambda: drive.source.fetch(drive.unreachable, into, ["a"]),
    ):
        with pytest.raises(RemoteError) as failed:
            call()
        assert failed.value.what and failed.value.where and failed.value.cure
        said = [repr(failed.value), *traceback.format_exception(failed.value), caplog.text]
        assert SECRET not in "".join(said)
    assert tree(into) == {}
