"""Validation ends in findings for every file, and says where and what to do."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.ingest.date_order import EARLIEST, LATEST
from include.ingest.ledger import Finding
from include.ingest.validate import TIME, Declared, Validation, validate
from include.registry import load_registry
from include.settings import PROJECT_DIR
from tests.raw_files import ATREA, atrea, thermopro, times, with_line

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")
DECLARED = {name: Declared.of(REGISTRY, REGISTRY.datasource(f"sm2_{name}")) for name in ("thermopro", "atrea")}
NAME = "ThermoProSensor_export_493D_1769904007.csv"
TITLE = b"Timestamp,ThermoPro 493D\nDate,Time,Temperature_Celsius,Relative_Humidity(%)\n"
DATES = st.sampled_from(["29/01/2026", "30/01/2026", "1/02/2026", "01/30/2026", "05/04/2026", ""])
CLOCKS = st.sampled_from(["00:00", "7:05", "23:59:59", " 12:00 ", "24:00"])
CELLS = st.sampled_from(["20.5", "+1e3", "20,5", "-", "", " ", '"', '"20.5"', '""', "\x0c", "\u2028", "\x85", "é", "\ufeff"])
LINES = st.tuples(DATES, CLOCKS, CELLS, CELLS) | st.tuples(st.just("29/01/2026"), st.just("00:00"), CELLS, CELLS)


def judged(content: bytes, name: str = NAME, kind: str = "thermopro") -> Validation:
    """What validation says of a file; what it landed is checked against what it counted."""
    with TemporaryDirectory() as folder:
        raw, landed = Path(folder) / "raw", Path(folder) / "landed.parquet"
        raw.write_bytes(content)
        found = validate(raw, name, DECLARED[kind], landed)
        assert landed.exists() == (found.layout is not None)
        if landed.exists():
            assert pq.read_metadata(landed).num_rows == found.rows
        return found


def checks(found: Validation) -> list[str]:
    return [finding.check for finding in found.findings]


def clock_change(walls: list[datetime], folder: Path) -> Finding | None:
    found = judged(thermopro(folder, "493D", walls).read_bytes())
    assert found.accepted
    return next((finding for finding in found.findings if finding.check == "clock_change"), None)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["thermopro", "atrea"]),
    st.binary(max_size=300),
    st.sampled_from([b"", TITLE, "Date;é (°C);\r\n".encode()]),
    st.sampled_from([b"", b"\n", b"\r"]),
)
@example("thermopro", b"", b"", b"")
def test_any_bytes_end_in_findings(kind: str, content: bytes, start: bytes, end: bytes) -> None:
    found = judged(start + content + end, kind=kind)
    assert found.accepted or any(finding.severity == "error" and finding.message and finding.cure for finding in found.findings)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES | st.lists(CELLS, max_size=3), max_size=6), st.sampled_from(["\n", "\r\n", "\r", "\n\n"]))
def test_any_cells_end_in_findings_and_no_line_is_dropped(rows: list[Sequence[str]], end: str) -> None:
    body = "".join(",".join(row) + end for row in rows)
    found = judged(TITLE + body.encode())
    if found.accepted:
        assert found.rows == len(body.rstrip("\r\n").replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    else:
        assert any(finding.severity == "error" and finding.message and finding.cure for finding in found.findings)


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_only_cr_and_lf_end_a_line(mark: str) -> None:
    content = TITLE.replace(b"493D", f"493D{mark}".encode()) + f"29/01/2026,00:00,20.5,40\n29/01/2026,01:00,20.5,{mark}\n".encode()
    found = judged(content)
    assert found.rows == 2 and found.accepted


@pytest.mark.parametrize("exported", ["1", "1769904007", "1769904007000", "9" * 40])
def test_any_digits_may_stand_for_the_time_of_export(exported: str) -> None:
    assert judged(TITLE + b"29/01/2026,00:00,20.5,40\n", f"ThermoProSensor_export_493D_{exported}.csv").accepted


@pytest.mark.parametrize("text", ["24:00", "7", "12:60", "12:00:60", "12:00 PM", "12:00\t", "12:00\u00a0", "١٢:٠٠"])
def test_what_is_no_time_of_day_is_refused_with_its_line(text: str, tmp_path: Path) -> None:
    content = with_line(5, f"29/01/2026,{text},20.5,40")(thermopro(tmp_path, "493D", times("2026-01-29", 9)).read_bytes())
    finding = judged(content).findings[0]
    assert (finding.check, finding.where) == ("timestamp", "line 5") and repr(text) in finding.message


def test_all_errors_of_the_header_are_told_at_once(tmp_path: Path) -> None:
    content = atrea(tmp_path, times("2026-01-29", 9), name="Graph.csv").read_bytes().replace(b"-sani", b"-san").replace(b"-odvod", b"-odv")
    found = judged(content, "Graph.csv", "atrea")
    assert checks(found) == ["required_columns"] * 2 + ["new_columns"] * 2 + ["unknown_sensor"] * 2
    assert f"perhaps renamed to {ATREA[1].replace('-sani', '-san')!r}" in found.findings[0].message


def test_an_unknown_column_of_a_wide_file_is_named_with_its_cure(tmp_path: Path) -> None:
    content = atrea(tmp_path, times("2026-01-29", 9), name="Graph.csv").read_bytes().replace(b"KOT1", b"KOT9")
    found = judged(content, "Graph.csv", "atrea")
    assert found.accepted and checks(found) == ["unknown_sensor"] * len(ATREA)
    assert "sensor_mappings.csv" in found.findings[0].message and found.findings[0].cure


AUTUMN, SPRING = datetime(2025, 10, 26), datetime(2026, 3, 29)


@pytest.mark.parametrize("step", [1, 7, 15, 30, 60])
def test_both_passes_of_the_repeated_hour_are_told_apart_without_a_finding(step: int, tmp_path: Path) -> None:
    walls = [AUTUMN + timedelta(minutes=n) for n in (*range(0, 180, step), *range(120 + -180 % step, 300, step))]
    assert clock_change(walls, tmp_path) is None


@pytest.mark.parametrize(
    ("minutes", "says"),
    [
        ((120, 180), "stands once in the file: it was read as its first pass"),
        ((150, 165, 180), "stands once in the file: it was read as its first pass"),
        ((0, 60, 120, 180), "stands once in the file: it was read as its first pass"),
        ((179, 150, 121, 90), "goes back 2 times in the file: all after the first of these were read as its second pass"),
        ((0, 60, 120), None),
        ((130, 140, 125, 180), None),
        ((0, 60, 180, 240), None),
    ],
)
def test_a_repeated_hour_that_a_file_leaves_open_is_told(minutes: tuple[int, ...], says: str | None, tmp_path: Path) -> None:
    finding = clock_change([AUTUMN + timedelta(minutes=n) for n in minutes], tmp_path)
    assert (finding is None) if says is None else (finding is not None and says in finding.message)


def test_readings_in_the_skipped_hour_are_told_with_line_and_count(tmp_path: Path) -> None:
    finding = clock_change([SPRING + timedelta(minutes=n) for n in range(60, 240, 15)], tmp_path)
    assert finding is not None and finding.severity == "warning"
    assert finding.message.startswith("4 lines from 2026-03-29 02:00 to 03:00, which did not exist") and finding.where == "line 7"


@settings(max_examples=200, deadline=None)
@given(st.dates(EARLIEST, LATEST), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y-%m-%d"]), st.booleans())
def test_the_database_reads_every_proven_date_alike(day: date, format_: str, padded: bool) -> None:
    text = f"{day:{format_}}" if padded else f"{day:{format_.replace('%d', '%-d').replace('%m', '%-m')}}"
    assert duckdb.execute("select strptime($text, $format)::date", {"text": text, "format": format_}).fetchone() == (day,)


@settings(max_examples=200, deadline=None)
@given(st.from_regex(TIME, fullmatch=True))
def test_the_database_reads_every_accepted_time_alike(text: str) -> None:
    hour, minute, second = (int(part) for part in (*text.split(":"), "0")[:3])
    assert duckdb.execute("select cast(trim($text) as time)::varchar", {"text": f" {text} "}).fetchone() == (f"{hour:02}:{minute:02}:{second:02}",)
