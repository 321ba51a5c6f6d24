"""What every format does. A new one is a line in `WRITERS`."""

import csv
import dataclasses
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.core.settings import PROJECT_DIR
from include.formats.declared import Circumstances, Declared
from include.formats.registry import FORMATS, format_of
from include.formats.rejected import RejectedLines
from include.ingest.validate import Validation, validate
from include.registry import load_registry
from tests.support.raw_files import THERMOPRO, write
from tests.support.workbooks import xlsx

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")
THERMOMETERS = Declared.of(REGISTRY, REGISTRY.datasource("sm2_thermopro"))
NAME = "ThermoProSensor_export_493D_1769904007.csv"
NOW = Circumstances(datetime(2026, 4, 2, tzinfo=UTC))
DAY = "29/01/2026"
LETTERS = "0 9.,-+eé°ž日😀\t\x0b\x0c\x1c\x85\xa0\u2028\ufeff'\"=;<&\\/#%"
CELLS = st.text(LETTERS, max_size=8)


@dataclass(frozen=True)
class Writer:
    """How a table is written: cells of file_formats.csv, bytes before the records, and a record.

    `damages` replace bytes of a record, once each, so that it cannot be read. `table` makes a file of
    records that are no pieces of it, but the text that quarantine shows of them.
    """

    cells: dict[str, object]
    head: bytes
    record: Callable[[Sequence[str]], bytes]
    damages: tuple[tuple[bytes, bytes], ...] = ()
    table: Callable[[list[tuple[str, ...]]], bytes] | None = None

    @property
    def declared(self) -> Declared:
        """Thermometers whose files are written so."""
        format_ = THERMOMETERS.format.model_copy(update=self.cells)
        return dataclasses.replace(THERMOMETERS, format=format_)

    def records(self, pairs: Sequence[tuple[str, str]]) -> list[bytes]:
        """A record for each minute of a day, by which they are known."""
        return [self.record((DAY, _clock(n), *pair)) for n, pair in enumerate(pairs)]

    def file(self, records: Sequence[bytes]) -> bytes:
        """A file of records."""
        if self.table:
            return self.table([tuple(json.loads(record).values()) for record in records])
        return self.head + b"".join(records)


def _clock(n: int) -> str:
    return f"{n // 60:02d}:{n % 60:02d}"


def _delimited(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _json(cells: Sequence[str]) -> bytes:
    return json.dumps(dict(zip(THERMOPRO, cells, strict=True)), ensure_ascii=False).encode()


def _parquet(rows: list[tuple[str, ...]]) -> bytes:
    columns = [pa.array(texts, pa.string()) for texts in zip(*rows, strict=True)]
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, list(THERMOPRO)), sink)
    return sink.getvalue()


def _excel(rows: list[tuple[str, ...]]) -> bytes:
    return xlsx([("Timestamp", "ThermoPro 493D"), THERMOPRO, *rows])


def _stub(cells: Sequence[str]) -> bytes:
    return "|".join(map("=".join, zip(THERMOPRO, cells, strict=True))).encode() + b"\n"


WRITERS = {
    "delimited": Writer(
        {"reader": "delimited", "delimiter": ",", "header_line": 2},
        b"Timestamp,ThermoPro 493D\r\n" + _delimited(THERMOPRO),
        _delimited,
        ((b":", b"\xff"), (b":", b"\0"), (b":", b","), (b",00:", b'"')),
    ),
    "json": Writer(
        {"reader": "json"},
        b"",
        lambda cells: _json(cells) + b"\n",
        ((b":", b"\xff"), (b":", b""), (b"}", b""), (b"{", b"[")),
    ),
    "parquet": Writer({"reader": "parquet"}, b"", _json, table=_parquet),
    "excel": Writer({"reader": "excel", "header_line": 2}, b"", _json, table=_excel),
    "stub": Writer({"reader": "stub"}, b"", _stub, ((b":", b"\xff"), (b"Time=", b""))),
}


@pytest.fixture(scope="module", params=sorted({*FORMATS, "stub"}))
def writer(request: pytest.FixtureRequest) -> Iterator[Writer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FORMATS, "stub", "tests.support.stubs.include.formats.stub")
        assert request.param in WRITERS, "a format without its line in WRITERS"
        yield WRITERS[request.param]


def judged(writer: Writer, content: bytes, folder: Path) -> Validation:
    """What validation says of a file. It lands all that is known of it, or nothing."""
    raw = write(folder / "raw", content)
    found = validate(raw, NAME, writer.declared, folder / "landed", folder / "rejected", NOW)
    assert raw.read_bytes() == content
    assert {path.name for path in folder.iterdir()} == {
        "raw",
        *(["landed"] if found.layout else []),
        *(["rejected"] if found.layout and found.rejected else []),
    }
    errors = [finding for finding in found.findings if finding.severity == "error"]
    assert all(error.message and error.where and error.cure for error in errors)
    assert found.accepted or errors
    return found


@settings(max_examples=100)
@given(pairs=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20), data=st.data())
def test_every_cell_is_read_or_its_record_rejected_and_either_leads_back_to_the_raw_bytes(
    writer: Writer, pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    records = writer.records(pairs)
    may_be_bad = range(1, len(pairs)) if writer.damages else ()
    bad = data.draw(st.sets(st.sampled_from(may_be_bad))) if may_be_bad else set()
    for n in bad:
        records[n] = records[n].replace(*data.draw(st.sampled_from(writer.damages)), 1)
    with TemporaryDirectory() as folder:
        raw = write(Path(folder) / "raw", writer.file(records))
        file = format_of(writer.declared.format).open(raw, writer.declared.format)
        header, rejected = file.header(), RejectedLines(shows_text=False)
        found = file.records(header, rejected, len(records))
        numbers = sorted([*found.numbers.tolist(), *rejected.reasons])
        texts = file.texts(numbers)
    assert [name for name in header if name] == list(THERMOPRO)
    assert list(zip(*(column.to_pylist() for column in found.columns), strict=True)) == [
        (DAY, _clock(n), *pair) for n, pair in enumerate(pairs) if n not in bad
    ]
    assert [n for n, number in enumerate(numbers) if number in rejected.reasons] == sorted(bad)
    assert len(records) <= file.rows and numbers[-1] <= file.last
    assert [texts[number].rstrip(b"\r\n") for number in numbers] == [
        record.rstrip(b"\r\n") for record in records
    ]
    for line, message, where, cure in rejected.messages.values():
        assert line in rejected.reasons and str(line) in where and cure
        assert message and DAY not in message, "the text of a sensitive source"


def test_findings_lead_to_the_raw_records_and_all_is_the_same_again(
    writer: Writer, tmp_path: Path
) -> None:
    pairs = [("20.5", "40")] * 8 + [("21.5", "fault")] + [("22.5", "-")] * 8
    records = writer.records(pairs)
    records[3] = records[3].replace(*(*writer.damages, (b"29", b"a day"))[0], 1)
    content = writer.file(records)
    found = judged(writer, content, tmp_path / "once")
    assert (found.rows, found.rejected, found.unreadable, found.nulls) == (16, 1, 1, 8)
    where = {finding.check: finding.where.split(",") for finding in found.findings}
    (bad,) = where.pop("many_rejected_lines")
    text, column = where.pop("text_for_number")
    assert (column, where) == (f" column {THERMOPRO[3]!r}", {})
    numbers = [int(place.removeprefix("line ")) for place in (bad, text)]
    format_ = writer.declared.format
    texts = format_of(format_).open(tmp_path / "once/raw", format_).texts(numbers)
    assert [texts[number] for number in numbers] == [records[n].rstrip() for n in (3, 8)]
    assert judged(writer, content, tmp_path / "again") == found
    for name in ("landed", "rejected"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "once" / name).read_bytes()


OTHER_FILES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda good: b"",
    "line ends": lambda good: b"\xef\xbb\xbf\r\n\n \n",
    "NUL bytes": lambda good: bytes(len(good)),
    "random bytes": lambda good: random.Random(1).randbytes(len(good)),
    "half an archive": lambda good: gzip.compress(good)[:-20],
    "half a workbook": lambda good: b"PK\x03\x04\x14\0\x06\0" + good[:-30],
    "another workbook": lambda good: xlsx([("a", "b"), ("1", "2")]),
    "UTF-16": lambda good: good.decode("latin-1").encode("utf-16"),
    "a page": lambda good: b"<html>\n<body>Please sign in</body>\n</html>\n",
}


@pytest.mark.parametrize("content", OTHER_FILES)
def test_a_file_of_another_kind_is_refused(writer: Writer, content: str, tmp_path: Path) -> None:
    good = writer.file(writer.records([("20.5", "40")] * 60))
    assert judged(writer, good, tmp_path / "good").accepted
    assert judged(writer, OTHER_FILES[content](good), tmp_path / "other").layout is None


def test_a_file_that_ends_anywhere_is_read_up_to_its_last_whole_record(
    writer: Writer, tmp_path: Path
) -> None:
    pairs = [(20.5, 40.25), (21.5, 41.25), (22.5, 42.25)]
    content = writer.file(writer.records([(str(a), str(b)) for a, b in pairs]))
    for end in range(0, len(content), 1 + len(content) // 400):
        found = judged(writer, content[:end], tmp_path / str(end))
        if found.layout:
            landed = pq.read_table(tmp_path / str(end) / "landed").to_pylist()
            assert [(row["n0"], row["n1"]) for row in landed] == pairs[: len(landed)]


def _zip(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/day.txt", content)
    return packed.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, _zip])
def test_a_packed_file_is_read_as_what_it_holds(
    writer: Writer, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    records = writer.records([("20.5", "40")] * 8 + [("fault", "-")])
    records[3] = records[3].replace(*(*writer.damages, (b"29", b"a day"))[0], 1)
    content = writer.file(records)
    assert judged(writer, pack(content), tmp_path / "packed") == judged(
        writer, content, tmp_path / "plain"
    )
    for name in ("landed", "rejected"):
        assert (tmp_path / "packed" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()
