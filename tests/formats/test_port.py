"""What every format does. A new one is a line in `CASES`: how a table is written in it, and how a record is damaged."""

import csv
import dataclasses
import gzip
import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.settings import PROJECT_DIR
from include.formats.declared import Circumstances, Declared
from include.formats.port import RawFile
from include.formats.registry import FORMATS, format_of
from include.formats.rejected import RejectedLines
from include.ingest.validate import Validation, validate
from include.registry import load_registry
from tests.support.raw_files import THERMOPRO, write

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")
THERMOMETERS = Declared.of(REGISTRY, REGISTRY.datasource("sm2_thermopro"))
NAME = "ThermoProSensor_export_493D_1769904007.csv"
NOW = Circumstances(datetime(2026, 4, 2, tzinfo=UTC))
DAY, PRAGUE = datetime(2026, 1, 29), ZoneInfo("Europe/Prague")
# white space and marks of Unicode, quotes, separators of many formats: all of them may be in a cell
LETTERS = "0 9.,-+eé°ž日😀\t\x0b\x0c\x1c\x85\xa0\u2028\ufeff'\"=;<&\\/#%"
ROWS = st.lists(
    st.tuples(st.text(LETTERS, max_size=8), st.text(LETTERS, max_size=8)), min_size=1, max_size=20
)


@dataclass(frozen=True)
class Case:
    """A format: its cells in file_formats.csv, what precedes the first record, each record, and each damaged one."""

    cells: dict[str, object]
    head: bytes
    record: Callable[[Sequence[str]], bytes]
    damage: tuple[Callable[[bytes], bytes], ...]


def _delimited(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _stub(cells: Sequence[str]) -> bytes:
    named = zip(THERMOPRO, cells, strict=True)
    return "|".join(f"{name}={cell}" for name, cell in named).encode() + b"\n"


CASES = {
    "delimited": Case(
        {"delimiter": ",", "header_line": 2},
        b"Timestamp,ThermoPro 493D\r\n" + _delimited(THERMOPRO),
        _delimited,
        (
            lambda record: record.replace(b":", b"\xff", 1),
            lambda record: record.replace(b":", b"\0", 1),
            lambda record: record.replace(b":", b",", 1),
            lambda record: b'"' + record,
        ),
    ),
    "stub": Case(
        {"delimiter": "|", "header_line": 1},
        b"",
        _stub,
        (
            lambda record: record.replace(b":", b"\xff", 1),
            lambda record: record.replace(b"Time=", b"", 1),
        ),
    ),
}


@pytest.fixture(scope="module", autouse=True)
def stub() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FORMATS, "stub", "tests.support.stubs.include.formats.stub")
        yield


@pytest.fixture(params=sorted({*FORMATS, "stub"}), scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    assert request.param in CASES, "add the format to CASES, so that its contract is tested"
    found = CASES[request.param]
    return dataclasses.replace(found, cells={"reader": request.param, **found.cells})


def declared(case: Case) -> Declared:
    """Thermometers whose files are written in the format of a case."""
    return dataclasses.replace(
        THERMOMETERS, format=THERMOMETERS.format.model_copy(update=case.cells)
    )


def opened(case: Case, raw: Path) -> RawFile:
    format_ = declared(case).format
    return format_of(format_).open(raw, format_)


def table(cells: Sequence[tuple[str, str]]) -> list[tuple[str, str, str, str]]:
    """Rows of a day, which their time tells apart."""
    return [(f"{DAY:%d/%m/%Y}", clock(n), *pair) for n, pair in enumerate(cells)]


def clock(n: int) -> str:
    return f"{n // 60:02d}:{n % 60:02d}"


def judged(case: Case, content: bytes, folder: Path) -> Validation:
    """What validation says of a file; it lands it in `landed`, or writes nothing at all."""
    raw = write(folder / "raw", content)
    found = validate(raw, NAME, declared(case), folder / "landed", folder / "rejected", NOW)
    written = {path.name for path in folder.iterdir()} - {"raw"}
    assert raw.read_bytes() == content
    assert written <= {"landed", "rejected"} and ("landed" in written) == (found.layout is not None)
    assert found.layout is not None or not written
    return found


@settings(max_examples=100, deadline=None)
@given(cells=ROWS, data=st.data())
def test_every_cell_is_read_or_its_record_rejected_and_either_leads_back_to_the_raw_bytes(
    case: Case, cells: list[tuple[str, str]], data: st.DataObject
) -> None:
    rows = table(cells)
    records = [case.record(row) for row in rows]
    bad = data.draw(st.sets(st.integers(1, len(rows) - 1))) if len(rows) > 1 else set()
    for n in bad:
        records[n] = data.draw(st.sampled_from(case.damage))(records[n])
    with TemporaryDirectory() as folder:
        file = opened(case, write(Path(folder) / "raw", case.head + b"".join(records)))
        header, rejected = file.header(), RejectedLines(shows_text=False)
        read = file.records(header, rejected, len(rows))
        assert [name for name in header if name] == list(THERMOPRO)
        good = [row for n, row in enumerate(rows) if n not in bad]
        assert list(zip(*(column.to_pylist() for column in read.columns), strict=True)) == good
        numbers = sorted([*read.numbers.tolist(), *rejected.reasons])
        assert len(set(numbers)) == len(rows) <= file.rows
        texts = file.texts(numbers)
        assert [texts[number].rstrip(b"\r\n") for number in numbers] == [
            record.rstrip(b"\r\n") for record in records
        ]
        assert [number in rejected.reasons for number in numbers] == [
            n in bad for n in range(len(rows))
        ]
        for first, message, where, cure in rejected.messages.values():
            assert first in rejected.reasons and message and str(first) in where and cure
            assert rows[0][0] not in message, "the text of a sensitive source"


def test_findings_and_landed_values_name_the_records_of_the_raw_file(
    case: Case, tmp_path: Path
) -> None:
    rows = table([(f"{20 + n / 10:.1f}", "40") for n in range(20)])
    rows[7] = (*rows[7][:2], "n/a", "fáult")
    records = [case.record(row) for row in rows]
    for number, damage in enumerate(case.damage, 11):
        records[number] = damage(records[number])
    content = case.head + b"".join(records)
    bad = range(11, 11 + len(case.damage))
    found = judged(case, content, tmp_path)
    assert found.accepted and (found.rows, found.rejected) == (20 - len(bad), len(bad))
    landed = pq.read_table(tmp_path / "landed")
    texts = opened(case, tmp_path / "raw").texts(landed["source_line"].to_pylist())
    for row in landed.to_pylist():
        n = int((row["timestamp"] - DAY.replace(tzinfo=PRAGUE)).total_seconds() // 60)
        assert clock(n).encode() in texts[row["source_line"]]
        assert row["n0"] == (None if n == 7 else pytest.approx(20 + n / 10))
        assert (row["n1"], row["t1"]) == ((None, "fáult") if n == 7 else (40, None))
    quarantined = pq.read_table(tmp_path / "rejected").to_pylist()
    assert [row["text"] for row in quarantined] == [
        records[n].decode(errors="replace").rstrip() for n in bad
    ]
    where = {finding.check: finding.where for finding in found.findings}
    assert set(where) == {"many_rejected_lines", "text_for_number"}
    text_at = next(number for number, text in texts.items() if "fáult".encode() in text)
    assert f"{text_at}, column {THERMOPRO[3]!r}" in where["text_for_number"]
    assert str(quarantined[0]["line"]) in where["many_rejected_lines"]
    again = tmp_path / "again"
    assert judged(case, content, again) == found
    for name in ("landed", "rejected"):
        assert (again / name).read_bytes() == (tmp_path / name).read_bytes()


UNUSABLE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda good: b"",
    "line ends": lambda good: b"\r\n\n \n",
    "a byte-order mark": lambda good: b"\xef\xbb\xbf",
    "NUL bytes": lambda good: bytes(len(good)),
    "random bytes": lambda good: random.Random(len(good)).randbytes(len(good)),
    "compressed": gzip.compress,
    "a workbook": lambda good: b"PK\x03\x04\x14\0\x06\0" + good,
    "a picture": lambda good: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + good,
    "UTF-16": lambda good: good.decode().encode("utf-16"),
    "a page": lambda good: b"<!DOCTYPE html>\n<html><body>Please sign in</body></html>\n",
}


@pytest.mark.parametrize("content", UNUSABLE)
def test_what_is_no_file_of_this_format_is_refused_with_a_place_and_a_cure(
    case: Case, content: str, tmp_path: Path
) -> None:
    good = case.head + b"".join(map(case.record, table([("20.5", "40")] * 60)))
    found = judged(case, UNUSABLE[content](good), tmp_path)
    assert found.layout is None and found.rows == 0
    assert says_what_where_and_what_to_do(found)


def says_what_where_and_what_to_do(found: Validation) -> bool:
    errors = [finding for finding in found.findings if finding.severity == "error"]
    return bool(errors) and all(f.check and f.message and f.where and f.cure for f in errors)


def test_a_file_that_ends_anywhere_is_read_up_to_its_last_whole_record_or_refused(
    case: Case, tmp_path: Path
) -> None:
    rows = [(20.5, 40.25), (21.5, 41.25), (22.5, 42.25)]
    content = case.head + b"".join(
        map(case.record, table([(str(first), str(second)) for first, second in rows]))
    )
    for end in range(len(content)):
        found = judged(case, content[:end], tmp_path / str(end))
        if found.layout is None:
            assert says_what_where_and_what_to_do(found), content[:end]
        else:
            landed = pq.read_table(tmp_path / str(end) / "landed").to_pylist()
            assert [(row["n0"], row["n1"]) for row in landed] == rows[: len(landed)]
