"""Files under stable names: each is always whole, and the manifest tells whether all are of one release."""

import hashlib
import io
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from include.core.settings import Settings
from include.release import release as releases
from include.release import stable_names
from include.release.upload import upload
from tests.release.test_upload import NEW, OLD, release_here, remote_of
from tests.support.platform import Platform, tree
from tests.support.raw_files import small_drive


def top(settings: Settings) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in remote_of(settings).iterdir() if path.is_file()
    }


def is_of_one_release(found: dict[str, bytes]) -> bool:
    """What a reader can tell by the manifest."""
    said = json.loads(found["manifest.json"])["files"]
    return bool(said) and all(
        hashlib.sha256(found[file["path"]]).hexdigest() == file["sha256"] for file in said
    )


def test_the_names_are_those_of_the_release_and_one_for_the_hours(settings: Settings) -> None:
    release = release_here(settings, OLD)
    upload(settings, release)
    found = top(settings)
    assert found.keys() == {
        "latest.json",
        "manifest.json",
        "public_dataset.parquet",
        "public_dataset_hourly.parquet",
        "schema.json",
        "lineage.json",
    }
    assert found["public_dataset.parquet"] == found["public_dataset_hourly.parquet"]
    assert is_of_one_release(found)
    assert json.loads(found["manifest.json"])["version"] == OLD
    assert not stable_names.offer(settings, release)


@pytest.mark.long  # rclone, many times
def test_wherever_it_is_killed_each_file_is_whole_and_the_next_run_finishes(
    settings: Settings,
) -> None:
    """Between any two files: the first ones are new, the others still old, and so is the manifest."""
    upload(settings, release_here(settings, OLD))
    old = top(settings)
    release = release_here(settings, NEW)
    upload(settings, release)
    new, whole = top(settings), tree(remote_of(settings))
    changing = [name for name in sorted(new) if name not in ("latest.json", "manifest.json")]
    assert len(changing) == 4
    for number in range(len(changing) + 1):
        for position, name in enumerate(changing):
            (remote_of(settings) / name).write_bytes((new if position < number else old)[name])
        (remote_of(settings) / "manifest.json").write_bytes(old["manifest.json"])
        assert is_of_one_release(top(settings)) is (number == 0)
        assert not upload(settings, release), "the release itself is offered"
        assert tree(remote_of(settings)) == whole


def test_a_newer_release_of_another_machine_stays(settings: Settings) -> None:
    old, new = release_here(settings, OLD), release_here(settings, NEW)
    upload(settings, new)
    before = top(settings)
    assert not stable_names.offer(settings, old)
    assert top(settings) == before


@pytest.mark.parametrize("content", ["", "{", "[]", '{"as_of": 1}', '{"as_of": "2099-01-01"}'])
def test_a_damaged_manifest_is_replaced(settings: Settings, content: str) -> None:
    release = release_here(settings, NEW)
    upload(settings, release)
    (remote_of(settings) / "manifest.json").write_text(content)
    assert stable_names.offer(settings, release)
    assert is_of_one_release(top(settings))


class InParts(io.RawIOBase):
    """A file behind an address, read by Range as it is asked for."""

    def __init__(self, address: str, opener: urllib.request.OpenerDirector) -> None:
        self.address, self.opener, self.at = address, opener, 0
        self.size = int(self._get("bytes=0-0").headers["Content-Range"].rpartition("/")[2])

    def _get(self, part: str) -> Any:
        request = urllib.request.Request(self.address, headers={"Range": part})
        for _ in range(100):  # until the server is up
            try:
                answer = self.opener.open(request, timeout=30)
            except OSError:
                time.sleep(0.1)
            else:
                assert answer.status == 206
                return answer
        raise AssertionError("the server did not answer")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        return self.at

    def readinto(self, buffer: Any) -> int:
        if self.at >= self.size or not len(buffer):
            return 0
        with self._get(f"bytes={self.at}-{min(self.at + len(buffer), self.size) - 1}") as answer:
            content = answer.read()
        buffer[: len(content)] = content
        self.at += len(content)
        return len(content)


def test_a_tool_reads_parts_of_a_file_by_http(
    templates: Callable[..., Platform], tmp_path: Path
) -> None:
    """As Power BI and Tableau's readers of Parquet do: the footer first, by Range."""
    platform = templates("2026-02-04", small_drive)
    public = platform.drive / "Public"
    assert {path.name for path in public.glob("*.parquet")} == {
        *(path.name for path in releases.latest(platform.settings).path.glob("*.parquet")),  # type: ignore[union-attr]
        "public_dataset.parquet",
    }
    tables = ("raw", "hourly", "daily", "weekly", "monthly", "hierarchy")
    names = {f"public_dataset_{name}.parquet" for name in tables}
    names |= {f"dim_{name}.parquet" for name in ("building", "location", "sensor", "measurement")}
    names |= {"schema.json", "lineage.json", "README.md", "manifest.json", "latest.json"}
    assert names <= {path.name for path in public.iterdir()}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = subprocess.Popen(
        [shutil.which("rclone") or "rclone", "serve", "http", "--addr", address, "--read-only", str(public)],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        part = InParts(f"http://{address}/public_dataset.parquet", opener)
        columns = ["building_id", "timestamp", "value_mean"]
        table = pq.read_table(part, columns=columns)
        assert table == pq.read_table(public / "public_dataset.parquet", columns=columns)
        assert table.num_rows
    finally:
        server.terminate()
        server.wait()
