"""JSON in the ways in which it comes, and in those in which it should not."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.formats.json_records import MOST_VALUES
from include.formats.rejected import Refused
from tests.support.opened import read_file

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
KEYS = TEXTS.filter(bool)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


def read(folder: Path, content: bytes) -> tuple[list[dict[str, str]], dict[int, str]]:
    """The records, and why the others are rejected."""
    found = read_file(folder, content, reader="json")
    return found.rows, found.why


@pytest.mark.parametrize(
    "content",
    [
        b'{"a": 1.50, "main": {"t": 1e3}}',
        b'{\n "a": 1.50,\n "main": {"t": 1e3}\n}\n',
        b'[{"a": 1.50, "main": {"t": 1e3}}]',
        b'\xef\xbb\xbf[\r\n {"a": 1.50, "main": {"t": 1e3}}\r\n]\r\n',
        b'{"a": 1.50, "main": {"t": 1e3}}\n\n',
    ],
)
def test_one_record_in_any_form_keeps_its_texts(content: bytes, tmp_path: Path) -> None:
    assert read(tmp_path, content) == ([{"a": "1.50", "main.t": "1e3"}], {})


def test_records_may_have_different_keys(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, b'{"a":1}\n{"b":[{"c":null},{"c":true}]}\n{"*":"x","a\\tb":"y"}\n')
    assert rows[0]["a"] == "1" and rows[1]["a"] == ""
    assert (rows[1]["b[0].c"], rows[1]["b[1].c"]) == ("", "true")
    assert (rows[2]["*"], rows[2]["a\tb"]) == ("x", "y")


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b'{"a":1,"a":2}', "a key comes twice"),
        (b'{"a":{"x":1},"a":{"y":2}}', "a key comes twice"),
        (b'{"a.b":1,"a":{"b":2}}', "two values are called 'a.b'"),
        (b'{"":1}', "a key is empty"),
        (b'{"a":{"":1}}', "a key is empty"),
        (b'{"a":"\\ud800"}', "half of a surrogate pair"),
        (b'{"a":1', "Expecting"),
        (b'"text"', "it is no object"),
        (b"[1]", "it is no object"),
        (b'{"a":' + b"[" * 100_000, "nested too deeply"),
        (b'{"a":"\xff"}', "not UTF-8"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_record_that_would_lose_a_value_is_rejected_and_the_others_are_read(
    record: bytes, why: str, first: bool, tmp_path: Path
) -> None:
    good = b'{"a":5}'
    lines = [record, good] if first and not record.startswith(b"[") else [good, record]
    rows, rejected = read(tmp_path, b"\n".join([*lines, good, b""]))
    assert rows == [{"a": "5"}] * 2
    assert why in rejected[lines.index(record) + 1]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'[{"a":1},\n {"a":2}', "line 2, column 9"),
        (b'[{"a":1}\n {"a":2}]', "line 2, column 2"),
        (b'[{"a":1}] []', "line 1, column 9"),
        (b'{\n "a": 1\n', "line 3, column 1"),
        (b"[" * 100_000, "line 1, column 1"),
        (b'{"a":1', "line 1, column 7"),
    ],
)
def test_a_document_that_is_not_whole_is_refused_with_its_place(
    content: bytes, where: str, tmp_path: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(Refused) as refused:
        read(tmp_path, content)
    assert (refused.value.finding.check, refused.value.finding.where) == ("json", where)
    assert time.monotonic() - began < 5, "its cost grows with the square of its depth"


def test_of_a_list_only_the_record_with_a_repeated_key_is_rejected(tmp_path: Path) -> None:
    rows, why = read(tmp_path, b'[{"a":1},{"b":{"c":1,"c":2}},{"a":3}]')
    assert rows == [{"a": "1"}, {"a": "3"}]
    assert "a key comes twice: 'c'" in why[2]


def test_a_document_whose_last_element_is_a_whole_line_is_not_json_lines(tmp_path: Path) -> None:
    rows, _ = read(tmp_path, b'{"a": [\n{"t": 1},\n{"t": 2}\n]}\n')
    assert rows == [{"a[0].t": "1", "a[1].t": "2"}]


def test_a_file_of_too_many_values_is_refused(tmp_path: Path) -> None:
    content = json.dumps({f"k{n}": n for n in range(MOST_VALUES + 1)}).encode()
    with pytest.raises(Refused, match="different values, at most"):
        read(tmp_path, content)


@settings(max_examples=100)
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=4), min_size=1, max_size=5))
def test_a_list_and_lines_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict]
) -> None:
    as_lines = "\n".join(json.dumps(record) for record in records).encode()
    found = []
    for content in (as_lines, json.dumps(records, indent=1).encode()):
        try:
            rows, rejected = read(tmp_path_factory.mktemp("json"), content)
            found.append((rows, list(rejected)))
        except Refused as refused:
            found.append(refused.finding.check)
    assert found[0] == found[1]


def test_files_are_read_at_the_same_time_without_mixing_them(tmp_path: Path) -> None:
    def one(number: int) -> bool:
        content = json.dumps([{"n": number}] * 50).encode()
        return read(tmp_path / f"{number}", content)[0] == [{"n": str(number)}] * 50

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(one, range(60)))
