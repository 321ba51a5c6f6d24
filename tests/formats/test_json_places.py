"""`records` of a JSON format: where in its documents the records are."""

import json
from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.formats.rejected import Refused
from tests.support.opened import Read, read_file

WEATHER = {
    "latitude": 50.1,
    "hourly_units": {"time": "iso8601", "temperature_2m": "°C"},
    "daily": {"time": ["2026-01-29"]},
    "hourly": {
        "model": "icon",
        "time": ["2026-01-29T00:00", "2026-01-29T01:00"],
        "temperature_2m": [1.5, None],
    },
}
HOUSE = {
    "at": "2026-01-29T00:00:00Z",
    "house": {"name": "SM2", "rooms": {
        "Hall": {"floor": 1, "plugs": {"TV": {"power": 5}, "Lamp": {"power": 6, "at": "later"}}},
        "Bath": {"floor": 2, "plugs": {"Fan": {"power": 7}}},
        "Loft": {"floor": 3},
    }},
}  # fmt: skip
DEEP = b'{"plugs": {"a": ' + b"[" * 10_000
LISTS = {"days": [{"day": 1, "hours": [{"h": 1}, {"h": 2}]}, {"day": 2, "hours": [{"h": 3}]}]}


def read(folder: Path, document: object, path: str, *wanted: str) -> Read:
    content = document if isinstance(document, bytes) else json.dumps(document, indent=1).encode()
    return read_file(folder, content, reader="json", records=path, wanted=wanted)


@pytest.mark.parametrize(
    ("document", "path", "wanted", "rows"),
    [
        ({"data": {"items": [{"a": 1}, {"a": 2}]}}, "data.items", (), [{"a": "1"}, {"a": "2"}]),
        ({"data": {"items": [{"a": 1}, {"a": 2}]}}, "data.items[*]", ("*",), [{"a": "1", "*": "0"}, {"a": "2", "*": "1"}]),
        ({"data": {"items": [{"a": 1}, {"a": 2}]}}, "data.items[1]", (), [{"a": "2"}]),
        ({"data": {"a": 1}}, "data", (), [{"a": "1"}]),
        (WEATHER, "hourly[]", (), [{"time": "2026-01-29T00:00", "temperature_2m": "1.5"}, {"time": "2026-01-29T01:00", "temperature_2m": ""}]),
        (WEATHER, "hourly[]", ("latitude", "hourly.model", "hourly_units.time", "daily.time[0]"),
         [{"time": f"2026-01-29T0{n}:00", "temperature_2m": t, "latitude": "50.1", "hourly.model": "icon", "hourly_units.time": "iso8601"} for n, t in ((0, "1.5"), (1, ""))]),
        ({"t": [1, 2], "v": [{"c": 3}, {"c": 4}]}, "[]", (), [{"t": "1", "v.c": "3"}, {"t": "2", "v.c": "4"}]),
        ({"plugs": {"Kitchen": {"power": 5}}}, "plugs.*", ("*", "*1"), [{"power": "5", "*": "Kitchen", "*1": "Kitchen"}]),
        ({"Kitchen": {"power": 5}, "Bath": None}, "*", ("*",), [{"power": "5", "*": "Kitchen"}, {"power": "", "*": "Bath"}]),
        ({"Kitchen": [{"power": 5}, {"power": 6}]}, "*", ("*",), [{"power": "5", "*": "Kitchen"}, {"power": "6", "*": "Kitchen"}]),
        (HOUSE, "house.rooms.*.plugs.*", ("*", "*2", "at", "house.name", "house.rooms.*.floor"), [
            {"power": "5", "at": "2026-01-29T00:00:00Z", "*": "Hall/TV", "*2": "TV", "house.name": "SM2", "house.rooms.*.floor": "1"},
            {"power": "6", "at": "later", "*": "Hall/Lamp", "*2": "Lamp", "house.name": "SM2", "house.rooms.*.floor": "1"},
            {"power": "7", "at": "2026-01-29T00:00:00Z", "*": "Bath/Fan", "*2": "Fan", "house.name": "SM2", "house.rooms.*.floor": "2"},
        ]),
        (LISTS, "days[*].hours", ("days[*].day", "*"), [{"h": str(n), "days[*].day": day, "*": place} for n, day, place in ((1, "1", "0"), (2, "1", "0"), (3, "2", "1"))]),
        ({"a": {"*": 1}, "*": 2}, "a", ("*",), [{"*": "1"}]),
    ],
)  # fmt: skip
def test_records_are_found_with_their_names_and_what_is_beside_the_path(
    document: object, path: str, wanted: tuple[str, ...], rows: list[dict], tmp_path: Path
) -> None:
    found = read(tmp_path, document, path, *wanted)
    assert [dict(sorted(row.items())) for row in found.rows] == [
        dict(sorted(row.items())) for row in rows
    ]
    assert (list(found.numbered), found.why) == (list(range(1, len(rows) + 1)), {})


def test_records_count_on_through_the_documents_of_a_file(tmp_path: Path) -> None:
    documents = [
        {"at": n, "plugs": {"a": {"p": n}, "b": {"p": -n, "q": 9_007_199_254_740_993}}}
        for n in (1, 2)
    ]
    lines = "\n\n".join(map(json.dumps, documents)).encode()
    for content in (lines, json.dumps(documents).encode()):
        found = read(tmp_path, content, "plugs.*", "at", "*")
        assert [(row["at"], row["*"], row["p"]) for row in found.rows] == [
            ("1", "a", "1"), ("1", "b", "-1"), ("2", "a", "2"), ("2", "b", "-2"),
        ]  # fmt: skip
        assert list(found.numbered) == [1, 2, 3, 4]
        assert json.loads(found.texts[2]) == {
            "*": "b",
            "*1": "b",
            "p": "-1",
            "q": "9007199254740993",
        }


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b'{"plugs": {"a": {"p": 1, "p": 2}}}', "a key comes twice: 'p'"),
        (b'{"plugs": {"a": 7}}', "it is no object"),
        (b'{"plugs": {"a": "offline"}}', "it is no object"),
        (b'{"plugs": {"a": {"": 1}}}', "a key is empty"),
        (b'{"plugs": 1}', "document 2: nothing is at 'plugs.*': plugs is not an object"),
        (b'{"plogs": {}}', "document 2: nothing is at 'plugs.*': the document has plogs"),
        (b'{"plugs": {"a": {"p": 1}', "document 2: Expecting"),
        (b'{"plugs": {"a": {"p": 1}}, "at": 1, "at": 2}', "document 2: a key comes twice: 'at'"),
        (DEEP, "document 2: it is nested too deeply"),
        (b'{"plugs": {"a": {"p": "\xff"}}}', "document 2: "),
    ],
)
def test_a_bad_record_or_document_costs_itself(bad: bytes, why: str, tmp_path: Path) -> None:
    good = b'{"plugs": {"a": {"p": 5}, "b": {"p": 6}}}'
    found = read(tmp_path, b"\n".join([good, bad, good]), "plugs.*")
    assert [(n, row["p"]) for n, row in found.numbered.items()] == [
        (1, "5"), (2, "6"), (4, "5"), (5, "6"),
    ]  # fmt: skip
    assert list(found.why) == [3] and why in found.why[3]
    assert found.texts[3]


@pytest.mark.parametrize(
    ("document", "path", "message"),
    [
        ({"hourly": {"time": [1, 2], "t": [1], "u": [1, 2]}}, "hourly[]", "the lists in hourly differ in length: time 2, t 1, u 2"),
        ({"hourly": {"time": 1}}, "hourly[]", "nothing is at 'hourly[]': hourly has no lists"),
        ({"data": {"rows": []}}, "data.items", "nothing is at 'data.items': data has rows"),
        ({"data": [1, 2]}, "data.items", "nothing is at 'data.items': data is a list of 2"),
        ({"data": [1, 2]}, "data[2]", "nothing is at 'data[2]': data is a list of 2"),
        ({f"k{n}": 1 for n in range(7)}, "k9", "the document has k0, k1, k2, k3, k4 and 2 more"),
        (b'{"data": [{"a": 1}', "data", "not a whole JSON document: Expecting"),
    ],
)  # fmt: skip
def test_a_document_without_the_place_is_refused(
    document: object, path: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused) as refused:
        read(tmp_path, document, path)
    finding = refused.value.finding
    assert message in finding.message
    assert finding.where and finding.cure.startswith(("Correct records", "Export it again"))


@pytest.mark.parametrize("path", ["plugs.*", "*.plugs", "items", "items[*]", "hourly[]"])
def test_a_place_that_is_empty_holds_no_records(path: str, tmp_path: Path) -> None:
    document = {"plugs": {}, "items": [], "hourly": {"time": []}}
    with pytest.raises(Refused) as refused:
        read(tmp_path, {} if path.startswith("*") else document, path)
    assert refused.value.finding.check == "no_rows"


@pytest.mark.parametrize("path", ["a..b", ".a", "a.", "a[]b", "a[].b", "a[x]", "a[", "[0]", "[*]"])
def test_a_text_that_is_not_a_path_is_an_error_of_its_row(path: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        read(tmp_path, {"a": 1}, path)
    assert error.value.where == "file_formats.csv, line 2, column records"
    assert "records is not a path" in str(error.value)


@pytest.mark.parametrize("reader", ["delimited", "parquet"])
def test_records_of_a_reader_that_has_none_is_an_error_of_its_row(
    reader: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="hold one table"):
        read_file(tmp_path, b"a\n1\n", reader=reader, records="a")
