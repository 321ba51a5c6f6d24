"""Files in other encodings than UTF-8."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.formats.rejected import Refused
from include.registry.rows import FileFormat
from tests.support.opened import CELLS, read_file

HEADER = "Místo,Žluť (°C)"
LINE = "Kuchyň,20.5"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1250", "iso8859-2", "cp852"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_text_is_read_in_the_declared_encoding(
    encoding: str, line_end: str, tmp_path: Path
) -> None:
    content = line_end.join([HEADER, LINE, LINE, ""]).encode(encoding)
    found = read_file(tmp_path, content, encoding=encoding)
    assert found.rows == [dict(zip(HEADER.split(","), LINE.split(","), strict=True))] * 2
    assert found.texts == {2: LINE.encode(), 3: LINE.encode()}
    assert (tmp_path / "raw").read_bytes() == content


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_is_read_in_the_declared_encoding(encoding: str, tmp_path: Path) -> None:
    content = '{"Místo": "Kuchyň"}\n'.encode(encoding)
    assert read_file(tmp_path, content, reader="json", encoding=encoding).rows == [
        {"Místo": "Kuchyň"}
    ]


@pytest.mark.parametrize(
    ("encoding", "bad"),
    [
        ("cp1250", b"Kuchy\x81,1\n"),
        ("cp1252", b"Kuchy\x81,1\n"),
        ("ascii", b"Kuchy\xf2,1\n"),
        ("shift_jis", b"Kuchy\xff,1\n"),
        ("utf-16-le", b"\x00\xd8" + "Kuchy,1\n".encode("utf-16-le")),
        ("utf-8", b"Kuchy\xff,1\n"),
    ],
)
def test_a_line_with_bytes_that_the_encoding_does_not_know_is_rejected(
    encoding: str, bad: bytes, tmp_path: Path
) -> None:
    head, good = "Where,V\n".encode(encoding), "A,1\n".encode(encoding)
    found = read_file(tmp_path, head + good + bad + good, encoding=encoding)
    name = "UTF-8" if encoding == "utf-8" else encoding
    assert list(found.numbered) == [2, 4]
    assert f"not {name} text" in found.why[3]


def test_json_with_bytes_that_the_encoding_does_not_know_loses_that_record(tmp_path: Path) -> None:
    content = b'{"a": 1}\n{"a": "\x81"}\n{"a": 3}\n'
    found = read_file(tmp_path, content, reader="json", encoding="cp1250")
    assert [row["a"] for row in found.rows] == ["1", "3"] and "not cp1250 text" in found.why[2]


@pytest.mark.parametrize(
    ("content", "encoding", "what"),
    [
        (b"Date,V\n2026-01-01,1\n", "utf-16", "the file is not utf-16 text: "),
        (f"{HEADER}\n{LINE}\n".encode("utf-16"), "", "the file is UTF-16, not UTF-8 text"),
        (f"{HEADER}\n{LINE}\n".encode("cp1250"), "", "not UTF-8 text: byte 0xed"),
        (b"\x81,V\n1,2\n", "cp1250", "not cp1250 text"),
        (b"a,b\n" + b"\x81,V\n" * 120, "cp1250", "not cp1250 text, in more lines than"),
    ],
)
def test_a_file_in_another_encoding_than_declared_is_refused(
    content: bytes, encoding: str, what: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused) as refused:
        read_file(tmp_path, content, encoding=encoding)
    finding = refused.value.finding
    assert finding.check == "encoding" and what in finding.message
    assert finding.where and "file_formats.csv" in finding.cure


def test_the_byte_order_mark_of_utf8_counts_more_than_the_declaration(tmp_path: Path) -> None:
    content = f"{HEADER}\n{LINE}\n".encode("utf-8-sig")
    assert list(read_file(tmp_path, content, encoding="cp1250").rows[0]) == HEADER.split(",")


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=12), max_size=6), st.sampled_from(["cp1252", "utf-16-le"]))
def test_no_bytes_are_lost_whatever_they_are(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], encoding: str
) -> None:
    end = "\n".encode(encoding)
    content = end.join(["a,b".encode(encoding), *lines, b""])
    try:
        found = read_file(tmp_path_factory.mktemp("any"), content, encoding=encoding)
    except Refused:
        return
    for text in found.texts.values():
        assert text.count(b"\xff") or text.decode().encode(encoding) in content


@pytest.mark.parametrize(
    ("name", "found"),
    [("", ""), ("utf8", ""), ("UTF-8", ""), ("latin-1", "iso8859-1"), ("windows-1250", "cp1250")],
)
def test_an_encoding_has_one_name(name: str, found: str) -> None:
    assert FileFormat(**CELLS, encoding=name).encoding == found


@pytest.mark.parametrize(
    ("name", "near"), [("cp-1250", "cp1250"), ("win1250", "windows_1250"), ("base64", "")]
)
def test_an_unknown_encoding_is_refused_with_the_nearest_name(name: str, near: str) -> None:
    with pytest.raises(ValueError, match=f"the nearest name is {near}"):
        FileFormat(**CELLS, encoding=name)
