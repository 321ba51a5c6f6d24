"""The publish remote may hold anything: what is taken over is whole and ours, and nothing is written elsewhere."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from include.core import files, rclone
from include.core.clock import END_OF_TIME
from include.core.errors import DamagedFile, PlatformError, RemoteGone
from include.core.rclone import RemoteFile
from include.core.settings import Settings
from include.registry import Run
from include.release import explorer_page
from include.release import release as releases
from include.release.release import VERSION, Release
from include.release.upload import (
    Pointer,
    adopt_offered,
    expired,
    is_offered,
    offered_release,
    upload,
)

OLD, NEW = "2026-02-03-0a1b2c3d", "2026-02-04-4e5f6a7b"
TIMES = {OLD: datetime(2026, 2, 3, tzinfo=UTC), NEW: datetime(2026, 2, 4, tzinfo=UTC)}
PACK = "explorer/data/sm2/2025/0.json"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
VERSIONS = st.sampled_from(
    [
        NEW,
        f"../{NEW}",
        "../../evil",
        "/tmp/evil",
        f"{NEW}/..",
        f"{NEW}\n",
        "2026-13-01-0a1b2c3d",
        "2026-02-04-4E5F6A7B",
        "٢٠٢٦-02-04-4e5f6a7b",
        "",
        "latest",
    ]
)
AS_OFS = st.sampled_from(
    [
        "2026-02-04T00:00:00+00:00",
        "2026-02-04T00:00:00",
        "2026-02-04",
        "9999-12-31T23:59:59-23:00",
        "yesterday",
        "",
    ]
)
POINTERS = st.fixed_dictionaries(
    {},
    optional={
        "version": VERSIONS | JSON,
        "as_of": AS_OFS | JSON,
        "path": VERSIONS.map(lambda version: f"releases/{version}") | JSON,
        "more": JSON,
    },
)
TEXTS = st.text() | JSON.map(json.dumps) | POINTERS.map(json.dumps) | st.just("[" * 100_000)


def write_release(folder: Path, version: str) -> Path:
    """A release as `build` leaves it, with a table of a few bytes."""
    path = files.empty_folder(folder / version)
    files.write_json(path / "lineage.json", {"version": version})
    files.write_json(path / "schema.json", {"version": version, "tables": []})
    files.write_text(path / "public_dataset_hourly.parquet", f"the table of {version}")
    files.write_text(path / PACK, "the same in all releases")
    files.write_text(
        path / "SHA256SUMS",
        "".join(f"{files.sha256(path / name)}  {name}\n" for name in files.names_below(path)),
    )
    files.write_json(
        path / "run.json",
        {"version": version, "as_of": TIMES[version].isoformat(), "made_from": "abc"},
    )
    return path


def release_here(settings: Settings, version: str) -> Release:
    found = releases.read(write_release(settings.paths.releases, version))
    files.point(settings.paths.latest, version)
    return found


def remote_of(settings: Settings) -> Path:
    return Path(settings.publish_remote)


def offer(settings: Settings, version: str) -> Path:
    """Put a release and its latest.json on the remote."""
    path = write_release(remote_of(settings) / "releases", version)
    files.write_text(
        remote_of(settings) / "latest.json", Pointer(version, TIMES[version]).to_text()
    )
    return path


def test_a_newer_release_is_taken_over_with_the_files_that_its_checksums_name(
    settings: Settings,
) -> None:
    folder = offer(settings, NEW)
    (folder / "foreign.exe").write_text("not ours")
    assert adopt_offered(settings) == NEW
    assert settings.paths.latest.resolve() == settings.paths.releases / NEW
    assert {path.name for path in (settings.paths.releases / NEW).iterdir()} == {
        path.name for path in folder.iterdir()
    } - {"foreign.exe"}
    assert adopt_offered(settings) is None


class Remote:
    """Stands in for rclone: one latest.json, and a release of which every name and byte may be chosen."""

    def __init__(self, text: str, contents: dict[str, bytes]) -> None:
        self.text, self.contents = text, contents

    def get_text(self, path: str) -> str:
        return self.text

    def listing(self, remote: str) -> list[RemoteFile]:
        if not remote.endswith(f"releases/{NEW}"):
            raise RemoteGone("no such folder", where=remote)
        return [RemoteFile(name, len(content), "") for name, content in self.contents.items()]

    def fetch(self, remote: str, folder: Path, paths: Iterable[str]) -> None:
        for path in paths:
            target = Path(f"{folder}/{path}")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.contents[path])

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("get_text", "listing", "fetch"):
            monkeypatch.setattr(rclone, name, getattr(self, name))


def adopt_from(remote: Remote, folder: Path) -> str | None:
    """Take over what the remote offers, into an empty DATA_DIR; nothing may appear beside it."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "beside").mkdir(parents=True)
    settings = replace(
        Settings.from_environment(), data_dir=folder / "beside/data", publish_remote="elsewhere:"
    )
    with pytest.MonkeyPatch.context() as monkeypatch:
        remote.use(monkeypatch)
        try:
            return adopt_offered(settings)
        finally:
            assert {path.name for path in (folder / "beside").iterdir()} <= {"data"}
            assert {path.name for path in folder.iterdir()} == {"beside"}
            assert not Path("/tmp/evil").exists()


def good_contents(folder: Path) -> dict[str, bytes]:
    path = write_release(folder, NEW)
    return {name: (path / name).read_bytes() for name in files.names_below(path)}


@given(TEXTS)
@example(
    json.dumps(
        {
            "version": "../../evil",
            "as_of": "2026-02-04T00:00:00+00:00",
            "path": "releases/../../evil",
        }
    )
)
def test_any_latest_json_is_a_pointer_or_a_clear_error(text: str) -> None:
    try:
        pointer = Pointer.parse(text, "somewhere:latest.json")
    except DamagedFile as error:
        assert error.where == "somewhere:latest.json" and error.cure
        return
    assert VERSION.fullmatch(pointer.version) and "/" not in pointer.version
    assert pointer.as_of.utcoffset() is not None
    assert Pointer.parse(pointer.to_text(), "") == pointer


@given(text=TEXTS)
@example(text=Pointer(NEW, TIMES[NEW]).to_text())
@example(text=Pointer(NEW, datetime(226, 2, 4, tzinfo=UTC)).to_text())
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_latest_json_stops_reading_or_writes_outside_of_data_dir(
    tmp_path: Path, text: str
) -> None:
    adopted = adopt_from(Remote(text, good_contents(tmp_path / "good")), tmp_path / "machine")
    assert adopted in (None, NEW)


NAMES = (
    st.sampled_from(
        [
            "../evil",
            "/tmp/evil",
            "a/b",
            "..",
            ".",
            "",
            "run.json",
            "SHA256SUMS",
            "README.md",
            "a\\b",
            "latest",
            ".hidden",
            "x" * 300,
        ]
    )
    | st.text()
)


@given(data=st.data())
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_release_with_any_names_and_contents_is_whole_or_a_clear_error(
    tmp_path: Path, data: Any
) -> None:
    contents = good_contents(tmp_path / "good")
    names = data.draw(st.lists(NAMES, max_size=3))
    listed = {name: b"evil" for name in names if name not in contents}
    lines = "".join(f"{'4' * 64}  {name}\n" for name in data.draw(st.lists(NAMES, max_size=2)))
    contents["SHA256SUMS"] += lines.encode(errors="replace")
    for name in data.draw(st.lists(st.sampled_from(sorted(contents)), max_size=1)):
        contents[name] = data.draw(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
    remote = Remote(Pointer(NEW, TIMES[NEW]).to_text(), contents | listed)
    try:
        adopted = adopt_from(remote, tmp_path / "machine")
    except PlatformError as error:
        assert error.where and error.cure
        return
    assert adopted == NEW
    here = tmp_path / "machine/beside/data/releases" / NEW
    assert set(files.names_below(here)) == set(good_contents(tmp_path / "good"))
    releases.read(here)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: (path / "public_dataset_hourly.parquet").write_text("other"), "does not have its checksum"),
        (lambda path: (path / "public_dataset_hourly.parquet").unlink(), "public_dataset_hourly.parquet of the published release is missing"),
        (lambda path: (path / "SHA256SUMS").write_text(f"{'0' * 64}  ../../evil\n"), "SHA256SUMS of the published release is damaged"),
        (lambda path: (path / "SHA256SUMS").unlink(), "SHA256SUMS of the published release is missing"),
        (lambda path: files.write_text(path / "below/file", ""), "a release has no folders but explorer/data/"),
        (lambda path: (path / "run.json").write_text("[]"), "run.json of the published release is damaged"),
        (lambda path: (path / "run.json").write_text('{"as_of": "2026-02-04T00:00:00", "made_from": "x"}'), "run.json of the published release is damaged"),
    ],
)  # fmt: skip
def test_a_damaged_published_release_stops_only_a_machine_that_has_no_other(
    settings: Settings, caplog: pytest.LogCaptureFixture, change: Any, said: str
) -> None:
    change(offer(settings, NEW))
    with pytest.raises(DamagedFile, match=said) as error:
        adopt_offered(settings)
    assert f"releases/{NEW}" in error.value.where and "publish it again" in error.value.cure
    assert not (settings.paths.releases / NEW).exists()
    release_here(settings, OLD)
    assert adopt_offered(settings) is None
    assert said in caplog.text and "what to do" in caplog.text
    assert settings.paths.latest.resolve().name == OLD


@pytest.mark.parametrize(
    "content", [b"{", b"\xff\xfe\x00", b"", b"null", b'{"version": "../../evil"}', b"[" * 50_000]
)
def test_a_damaged_latest_json_is_logged_and_the_next_upload_replaces_it(
    settings: Settings, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    release = release_here(settings, OLD)
    offer(settings, OLD)
    pointer = remote_of(settings) / "latest.json"
    pointer.write_bytes(content)
    with pytest.raises(DamagedFile, match=r"latest\.json is damaged"):
        offered_release(settings)
    assert adopt_offered(settings) is None
    assert "latest.json is damaged" in caplog.text and "what to do" in caplog.text
    assert not is_offered(settings, release)
    assert upload(settings, release)
    assert offered_release(settings) == Pointer(OLD, TIMES[OLD])
    assert is_offered(settings, release) and not upload(settings, release)


@pytest.mark.parametrize("here", [True, False])
def test_a_latest_json_that_names_a_missing_release_is_logged_and_the_next_upload_replaces_it(
    settings: Settings, caplog: pytest.LogCaptureFixture, here: bool
) -> None:
    shutil.rmtree(offer(settings, NEW))
    if here:
        release_here(settings, OLD)
    assert adopt_offered(settings) is None
    assert f"latest.json names {NEW}" in caplog.text and "what to do" in caplog.text
    release = release_here(settings, OLD)
    assert not is_offered(settings, release)
    assert upload(settings, release)
    assert offered_release(settings) == Pointer(OLD, TIMES[OLD])


@pytest.mark.long  # rclone, many times
def test_an_upload_that_lost_a_file_on_the_remote_is_made_again(settings: Settings) -> None:
    release = release_here(settings, OLD)
    assert upload(settings, release) and not upload(settings, release)
    there = remote_of(settings) / "releases" / OLD
    files.write_json(
        release.path / "run.json",
        {
            "version": OLD,
            "as_of": TIMES[OLD].isoformat(),
            "made_from": "a later run found the same",
        },
    )
    assert not upload(settings, release)
    for harm in (
        lambda: (there / "lineage.json").unlink(),
        lambda: (there / "schema.json").write_text("short"),
        lambda: shutil.rmtree(there),
    ):
        harm()
        assert not is_offered(settings, release)
        assert upload(settings, release)
        assert is_offered(settings, release)


def test_a_newer_release_of_another_machine_stays(settings: Settings) -> None:
    release = release_here(settings, OLD)
    offer(settings, NEW)
    assert is_offered(settings, release) and not upload(settings, release)


def test_foreign_folders_beside_the_releases_are_left_alone() -> None:
    assert (
        expired(
            ["zzz", "2026-backup", *(f"2020-01-{day:02d}-0a1b2c3d" for day in range(1, 31)), ".."]
        )
        == []
    )
    assert (
        len(
            expired(
                [f"2020-01-{day:02d}-{number}a1b2c3d" for day in range(1, 32) for number in (0, 1)]
            )
        )
        == 32
    )


def test_a_damaged_run_json_of_one_release_does_not_hide_the_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = release_here(settings, OLD)
    monkeypatch.setattr(releases, "made_from", lambda run: "abc")
    for content in ("{", "[]", '{"as_of": 1, "made_from": 2}'):
        files.write_text(settings.paths.releases / NEW / "run.json", content)
        assert releases.find(Run(settings, None, END_OF_TIME)) == release  # type: ignore[arg-type]


@pytest.mark.parametrize("harm", ["none", "latest.json", "the release there", "the release here"])
def test_files_of_unchanged_years_are_copied_on_the_remote_where_it_can(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    upload(settings, release_here(settings, OLD))
    if harm == "latest.json":
        (remote_of(settings) / "latest.json").write_text("damaged")
    if harm == "the release there":
        shutil.rmtree(remote_of(settings) / "releases" / OLD)
    if harm == "the release here":
        shutil.rmtree(settings.paths.releases / OLD)
    copied, send = [], rclone.send

    def sending(folder: Path, remote: str, paths: Iterable[str]) -> None:
        if remote.endswith(NEW):
            copied.extend(files.names_below(Path(remote)) if Path(remote).exists() else [])
        send(folder, remote, paths)

    monkeypatch.setattr(rclone, "copies_within", lambda remote: True)
    monkeypatch.setattr(rclone, "send", sending)
    new = release_here(settings, NEW)
    assert upload(settings, new)
    assert copied == ([PACK] if harm == "none" else [])
    assert offered_release(settings).version == NEW  # type: ignore[union-attr]
    for name in files.names_below(new.path):
        there = remote_of(settings) / "releases" / NEW / name
        assert there.read_bytes() == (new.path / name).read_bytes()


def test_the_page_is_sent_before_it_is_named_and_a_new_build_needs_no_new_release(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = release_here(settings, NEW)
    index = release.path / "explorer/data/index.json"
    pointer = remote_of(settings) / "latest.json"
    monkeypatch.setattr(explorer_page, "BUILT", tmp_path / "page")

    def named() -> str | None:
        return json.loads(pointer.read_text()).get("explorer")

    def build(script: str) -> None:
        for name, text in {"index.html": "<html>", "app.js": script}.items():
            files.write_text(tmp_path / "page" / name, text)

    files.write_json(index, {"packs": True})
    assert upload(settings, release) and named() is None
    seen = []
    for script in ("1", "2"):
        build(script)
        assert not upload(settings, release)
        folder = remote_of(settings) / named()
        assert (folder / "app.js").read_text() == script
        assert json.loads(pointer.read_text())["version"] == NEW
        seen.append(folder)
    assert len(set(seen)) == 2 and seen[0].is_dir()
    assert (
        remote_of(settings) / "explorer/index.html"
    ).read_bytes() == explorer_page.ENTRY.read_bytes()
    shutil.rmtree(tmp_path / "page")
    assert not upload(settings, release)
    # a machine without npm takes nothing away
    assert remote_of(settings) / named() == seen[1]
    files.write_json(index, {"packs": False})
    upload(settings, release)
    assert named() is None, "a release without packs has nothing that a page could draw"
