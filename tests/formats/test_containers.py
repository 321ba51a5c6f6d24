"""Archives: what they hold is read, and what is wrong with them is refused."""

import gzip
import io
import json
import random
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from include.formats import containers
from include.formats.rejected import Refused
from include.ingest.validate import Validation, validate
from tests.formats.test_port import NAME, NOW, THERMOMETERS
from tests.support.opened import Read, read_file
from tests.support.raw_files import THERMOPRO, write
from tests.support.workbooks import xlsx, zipped

TABLE = b"at,v\nx,1\ny,2\n"


def read(folder: Path, content: bytes, **more: Any) -> Read:
    return read_file(folder, content, **more)


def refused(folder: Path, content: bytes, **more: Any) -> str:
    scratch = folder / "scratch"  # other tests have theirs in the common one
    scratch.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Refused) as found:
        patch.setattr(tempfile, "tempdir", str(scratch))
        read(folder, content, **more)
    assert not list(scratch.iterdir()), "scratch files are left"
    finding = found.value.finding
    assert finding.where and finding.cure
    return str(finding)


def with_flag(content: bytes, flag: int) -> bytes:
    """The archive, with a flag of each member set, in its own header and in the directory."""
    changed = bytearray(content)
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(magic)
        while start >= 0:
            (flags,) = struct.unpack_from("<H", changed, start + at)
            struct.pack_into("<H", changed, start + at, flags | flag)
            start = content.find(magic, start + 1)
    return bytes(changed)


def with_link() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("link.csv")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return packed.getvalue()


def twice() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive, pytest.warns(UserWarning):
        archive.writestr("a.csv", TABLE)
        archive.writestr("a.csv", TABLE)
    return packed.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "encrypted": (lambda: with_flag(zipped({"a.csv": TABLE}), 1), "the archive is encrypted: a.csv"),
    "parent": (lambda: zipped({"../a.csv": TABLE}), "a path that leads elsewhere: ../a.csv"),
    "inner parent": (lambda: zipped({"a/../../b.csv": TABLE}), "a path that leads elsewhere"),
    "absolute": (lambda: zipped({"/etc/a.csv": TABLE}), "a path that leads elsewhere: /etc/a.csv"),
    "drive": (lambda: zipped({"C:\\a.csv": TABLE}), "a path that leads elsewhere: C:"),
    "windows parent": (lambda: zipped({"..\\a.csv": TABLE}), "a path that leads elsewhere"),
    "link": (with_link, "a symbolic link in the archive: link.csv"),
    "two of one name": (twice, "two files of one name in the archive: a.csv"),
    "nothing": (lambda: zipped({}), "the archive is empty"),
    "nothing of use": (lambda: zipped({"a/": b"", "__MACOSX/._a.csv": b"x"}), "the archive is empty"),
    "gzip in zip": (lambda: zipped({"a.gz": gzip.compress(TABLE)}), "an archive in the archive: a.gz"),
    "zip in gzip": (lambda: gzip.compress(zipped({"a": TABLE})), "an archive in the archive"),
    "gzip in gzip": (lambda: gzip.compress(gzip.compress(TABLE)), "an archive in the archive"),
    "tar in gzip": (lambda: gzip.compress(b"a.csv".ljust(257, b"\0") + b"ustar\0" + TABLE), "the file is tar, not UTF-8 text"),
    "7z": (lambda: b"7z\xbc\xaf'\x1c" + bytes(90), "the file is 7z, not UTF-8 text"),
    "a workbook": (lambda: xlsx([("at", "v"), ("x", 1)]), "the file is zip, not UTF-8 text"),
    "half a gzip": (lambda: gzip.compress(TABLE * 99)[:-12], "the archive is damaged or cut off"),
    "half a zip": (lambda: zipped({"a.csv": TABLE})[:-30], "the archive is damaged or cut off"),
    "bytes after gzip": (lambda: gzip.compress(TABLE) + b"more", "the archive is damaged or cut off"),
    "a wrong checksum": (lambda: zipped({"a.csv": TABLE * 9}).replace(struct.pack("<I", zipfile.crc32(TABLE * 9)), b"\0\1\2\3"), "the archive is damaged or cut off"),
    "empty gzip": (lambda: gzip.compress(b""), "the file is empty"),
    "files of empty": (lambda: zipped({"a.csv": b"", "b.csv": b"at,v\n"}), "the file is empty"),
    "a name to print": (lambda: zipped({"..\x1b[2J/a\n.csv": TABLE, "a/..": b"x"}), "a path that leads elsewhere: a/.."),
}  # fmt: skip


@pytest.mark.parametrize("content", REFUSED)
def test_an_archive_that_no_export_makes_is_refused(content: str, tmp_path: Path) -> None:
    made, message = REFUSED[content]
    assert message in refused(tmp_path, made())


def test_a_bomb_is_refused_by_what_it_unpacks_to(tmp_path: Path) -> None:
    bomb = bytes(containers.RATIO_FROM + (2 << 20))
    for content in (gzip.compress(bomb, 1), zipped({"a.csv": bomb})):
        assert f"{len(content):,} bytes unpack to more than" in refused(tmp_path, content)


def test_many_members_are_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MOST_UNPACKED", 10_000)
    noise = random.Random(1)
    members = {f"{n}.csv": noise.randbytes(2_000) for n in range(6)}
    assert "at most 10,000 are unpacked" in refused(tmp_path, zipped(members))
    monkeypatch.setattr(containers, "MOST_MEMBERS", 5)
    assert "6 files in the archive, at most 5" in refused(tmp_path, zipped(members))


def test_members_are_read_in_order_of_name_and_their_lines_count_on(tmp_path: Path) -> None:
    members = {
        "b.csv": b"at,v\r\nz,3\r\n\r\nw,4",
        "__MACOSX/._a.csv": b"\0",
        "sub/": b"",
        "sub/.DS_Store": b"\0",
        "a.csv": TABLE,
    }
    found = read(tmp_path, zipped(members))
    assert found.numbered == {
        2: {"at": "x", "v": "1"},
        3: {"at": "y", "v": "2"},
        5: {"at": "z", "v": "3"},
    }
    assert found.why == {7: "the last line has no end: 'w,4'"}
    assert found.texts == {2: b"x,1", 3: b"y,2", 5: b"z,3", 7: b"w,4"}


@pytest.mark.parametrize(
    ("reader", "members", "numbers"),
    [
        ("json", [b'{"at": "x"}\n\n{"at": "y"}\n', b'[{"v": 1}, {"v": 2}]'], [1, 3, 4, 5]),
        ("excel", [xlsx([("at", "v"), ("x", 1)]), xlsx([("at", "v"), (), ("y", 2)])], [2, 5]),
    ],
)
def test_members_of_any_format_count_on(
    reader: str, members: list[bytes], numbers: list[int], tmp_path: Path
) -> None:
    content = zipped({f"{n}.x": member for n, member in enumerate(members)})
    found = read(tmp_path, content, reader=reader)
    assert list(found.numbered) == numbers
    assert all(list(row) == ["at", "v"] for row in found.rows)


def test_members_in_another_encoding_are_read(tmp_path: Path) -> None:
    lines = "místo,v\nKuchyň,1\n".encode("cp1250")
    found = read(tmp_path, zipped({"a": lines, "b": lines}), encoding="cp1250")
    assert found.rows == [{"místo": "Kuchyň", "v": "1"}] * 2


def test_a_member_without_records_is_left_out_with_a_warning(tmp_path: Path) -> None:
    found = read(tmp_path, zipped({"a.csv": b"", "b.csv": TABLE, "c.csv": b"at,v\n"}))
    assert list(found.numbered) == [2, 3]
    assert [(finding.check, finding.where) for finding in found.findings] == [
        ("empty_member", "a.csv"),
        ("empty_member", "c.csv"),
    ]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (b"at,w\nx,1\n", "other columns than a.csv: the first that differs is 'v' (line 1 of b.csv)"),
        (b"v,at\n1,x\n", "other columns than a.csv: they are in other order (line 1 of b.csv)"),
        (b"at,at\n1,x\n", "column names appear twice: at (line 1 of b.csv)"),
        (b"\xff\xfea\0", "the file is UTF-16, not UTF-8 text (line 1 of b.csv)"),
    ],
)  # fmt: skip
def test_a_member_that_does_not_fit_is_named(other: bytes, message: str, tmp_path: Path) -> None:
    assert message in refused(tmp_path, zipped({"a.csv": TABLE, "b.csv": other}))


def test_a_damaged_archive_is_refused_or_read_without_an_error(tmp_path: Path) -> None:
    chance = random.Random(1)
    for whole in (zipped({"a.csv": TABLE * 20, "b.csv": TABLE}), gzip.compress(TABLE * 20)):
        for _ in range(300):
            damaged = bytearray(whole)
            for _ in range(chance.choice([1, 5, 50])):
                damaged[chance.randrange(2, len(whole))] = chance.randrange(256)
            try:
                read(tmp_path, bytes(damaged))
            except Refused as refused:
                assert refused.finding.where and refused.finding.cure


def judged(folder: Path, members: dict[str, bytes]) -> Validation:
    raw = write(folder / "raw", zipped(members))
    return validate(raw, NAME, THERMOMETERS, folder / "landed", folder / "rejected", NOW)


def test_findings_and_quarantine_name_the_member(tmp_path: Path) -> None:
    head = b"Timestamp,ThermoPro 493D\n" + ",".join(THERMOPRO).encode() + b"\n"
    lines = [f"29/01/2026,{hour:02d}:00,20.5,40\n".encode() for hour in range(20)]
    fault = b"29/01/2026,21:00,fault,40\n"
    first, second = head + b"".join(lines), head + fault + b"nonsense\n"
    found = judged(tmp_path, {"a.csv": first, "b.csv": second})
    where = {finding.check: finding.where for finding in found.findings}
    assert where == {
        "rejected_lines": "line 26 (line 4 of b.csv)",
        "text_for_number": "line 25 (line 3 of b.csv), column 'Temperature_Celsius'",
    }
    (kept,) = pq.read_table(tmp_path / "rejected").to_pylist()
    assert (kept["line"], kept["text"], kept["member"]) == (26, "nonsense", "b.csv")
    assert found.rows == 21


def test_json_of_a_document_a_file_is_one_table(tmp_path: Path) -> None:
    members = {
        f"{n}.json": json.dumps({"at": n, "rooms": {"a": {"t": n}, "b": {"t": -n}}}).encode()
        for n in range(3)
    }
    found = read(tmp_path, zipped(members), reader="json", records="rooms.*", wanted=("at", "*"))
    assert [(row["at"], row["*"], row["t"]) for row in found.rows] == [
        (str(n), room, str(t)) for n in range(3) for room, t in (("a", n), ("b", -n))
    ]
    assert list(found.numbered) == list(range(1, 7))
