"""Validation ends in findings for every file, and says where and what to do."""

import dataclasses
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.core.settings import PROJECT_DIR
from include.formats.declared import Circumstances, Declared
from include.formats.dialect import WHITESPACE
from include.ingest.validate import Validation, validate
from include.ledger.ledger import Finding
from include.registry import load_registry
from include.registry.rows import Datasource
from tests.support.raw_files import ATREA, atrea, lines, retouched, thermopro, times, with_line

REGISTRY = load_registry(PROJECT_DIR / "include/dbt/seeds")
DECLARED = {
    name: Declared.of(REGISTRY, REGISTRY.datasource(f"sm2_{name}"))
    for name in ("thermopro", "atrea")
}
NOW = Circumstances(datetime(2026, 4, 2, tzinfo=UTC))
NAME = "ThermoProSensor_export_493D_1769904007.csv"
TITLE = b"Timestamp,ThermoPro 493D\nDate,Time,Temperature_Celsius,Relative_Humidity(%)\n"
DATES = st.sampled_from(["29/01/2026", "30/01/2026", "1/02/2026", "01/30/2026", "05/04/2026", ""])
CLOCKS = st.sampled_from(["00:00", "7:05", "23:59:59", " 12:00 ", "24:00"])
CELLS = st.sampled_from(
    [
        "20.5",
        "+1e3",
        "20,5",
        "-",
        "",
        " ",
        '"',
        '"20.5"',
        '""',
        "\x0c",
        "\u2028",
        "\x85",
        "é",
        "\ufeff",
        "\0",
        ".5",
    ]
)
LINES = st.tuples(DATES, CLOCKS, CELLS, CELLS) | st.tuples(
    st.just("29/01/2026"), st.just("00:00"), CELLS, CELLS
)


@dataclass(frozen=True)
class Judged:
    """What validation says of a file, what it landed, and which lines it rejected."""

    found: Validation
    landed: pa.Table | None
    rejected: dict[int, dict[str, Any]]


def read(
    content: bytes,
    name: str = NAME,
    declared: str | Declared = "thermopro",
    now: Circumstances = NOW,
) -> Judged:
    with TemporaryDirectory() as folder:
        raw, landed, rejected = (
            Path(folder) / part for part in ("raw", "landed.parquet", "rejected.parquet")
        )
        raw.write_bytes(content)
        found = validate(
            raw,
            name,
            DECLARED[declared] if isinstance(declared, str) else declared,
            landed,
            rejected,
            now,
        )
        assert landed.exists() == (found.layout is not None)
        table = pq.read_table(landed) if landed.exists() else None
        quarantined = (
            {row["line"]: row for row in pq.read_table(rejected).to_pylist()}
            if rejected.exists()
            else {}
        )
        if table is not None:
            assert (table.num_rows, len(quarantined)) == (found.rows, found.rejected)
            assert not set(table["source_line"].to_pylist()) & set(quarantined)
        return Judged(found, table, quarantined)


def judged(content: bytes, name: str = NAME, kind: str = "thermopro") -> Validation:
    return read(content, name, kind).found


def declare(**cells: Any) -> Declared:
    """ThermoPro with other cells in datasources_config.csv."""
    base = DECLARED["thermopro"]
    datasource = Datasource.model_validate(
        {
            **base.datasource.model_dump(),
            "line": 1,
            **cells,
            "required_columns": "",
            "optional_columns": "",
        }
    )
    return dataclasses.replace(base, datasource=datasource)


def checks(found: Validation) -> list[str]:
    return [finding.check for finding in found.findings]


def clock_change(walls: list[datetime], folder: Path) -> Finding | None:
    found = judged(thermopro(folder, "493D", walls).read_bytes())
    assert found.accepted
    return next((finding for finding in found.findings if finding.check == "clock_change"), None)


@settings(max_examples=300)
@given(
    st.sampled_from(["thermopro", "atrea"]),
    st.binary(max_size=300),
    st.sampled_from([b"", TITLE, "Date;é (°C);\r\n".encode()]),
    st.sampled_from([b"", b"\n", b"\r"]),
)
@example("thermopro", b"", b"", b"")
def test_any_bytes_end_in_findings(kind: str, content: bytes, start: bytes, end: bytes) -> None:
    found = judged(start + content + end, kind=kind)
    assert found.accepted or any(
        finding.severity == "error" and finding.message and finding.cure
        for finding in found.findings
    )


@settings(max_examples=300)
@given(
    st.lists(LINES | st.lists(CELLS, max_size=3), max_size=6),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
)
def test_any_cells_end_in_findings_and_every_line_is_accepted_rejected_or_blank(
    rows: list[Sequence[str]], end: str
) -> None:
    body = "".join(",".join(row) + end for row in rows)
    found = judged(TITLE + body.encode())
    if found.accepted:
        filled = [
            line for line in re.split("\r\n|\r|\n", body) if re.sub(f'[{WHITESPACE},"]', "", line)
        ]
        assert len(filled) <= found.rows + found.rejected <= len(re.split("\r\n|\r|\n", body))
    else:
        assert any(
            finding.severity == "error" and finding.message and finding.cure
            for finding in found.findings
        )


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_only_cr_and_lf_end_a_line(mark: str) -> None:
    content = (
        TITLE.replace(b"493D", f"493D{mark}".encode())
        + f"29/01/2026,00:00,20.5,40\n29/01/2026,01:00,20.5,{mark}\n".encode()
    )
    found = judged(content)
    assert found.rows == 2 and found.accepted


@pytest.mark.parametrize("exported", ["1769904007000", "9" * 40])
def test_a_file_whose_name_holds_no_time_of_export_is_refused(exported: str) -> None:
    found = judged(
        TITLE + b"29/01/2026,00:00,20.5,40\n", f"ThermoProSensor_export_493D_{exported}.csv"
    )
    assert checks(found) == ["export_time"] and found.findings[0].cure


@pytest.mark.parametrize(
    "text", ["24:00", "7", "12:60", "12:00:60", "12:00 PM", "12:\u00a000", "١٢:٠٠"]
)
def test_a_line_with_no_time_of_day_is_rejected(text: str, tmp_path: Path) -> None:
    content = with_line(5, f"29/01/2026,{text},20.5,40")(
        thermopro(tmp_path, "493D", times("2026-01-29", 48)).read_bytes()
    )
    result = read(content)
    assert result.found.accepted and result.found.rows == 47
    assert (result.rejected[5]["reason"], result.rejected[5]["text"]) == (
        "timestamp",
        f"29/01/2026,{text},20.5,40",
    )
    finding = result.found.findings[0]
    assert (finding.check, finding.where) == ("rejected_lines", "line 5") and repr(
        text
    ) in finding.message


@dataclass(frozen=True)
class BadLine:
    """One way to damage line 20 of 50, and what must come of it; all else must be read."""

    reason: str
    text: bytes
    says: str


BAD_LINES = {
    "fields missing": BadLine(
        "field_count", b"29/01/2026,17:00,20.3", "3 fields where the header has 4"
    ),
    "fields added": BadLine(
        "field_count", b"29/01/2026,17:00,20,3,40", "5 fields where the header has 4"
    ),
    "NUL bytes": BadLine("encoding", b"29/01/2026,17:00,\0\0,40", "not UTF-8 text"),
    "Windows-1250": BadLine("encoding", b"29/01/2026,17:00,20\xb0,40", "not UTF-8 text"),
    "a quote that does not end": BadLine(
        "quotes",
        b'29/01/2026,17:00,"20.3,40',
        "a field begins with a quote and does not end with one",
    ),
    "a quote that ends elsewhere": BadLine(
        "quotes",
        b'29/01/2026,17:00,2"0,"40',
        "a field begins with a quote and does not end with one",
    ),
    "a quote that joins two fields": BadLine(
        "quotes",
        b'29/01/2026,"17:00,"20.3,40,41',
        "a field begins with a quote and does not end with one",
    ),
    "the header again": BadLine(
        "header_repeated",
        b"Date,Time,Temperature_Celsius,Relative_Humidity(%)",
        "the header is repeated",
    ),
    "no date": BadLine("timestamp", b",17:00,20.3,40", "no date in the declared formats"),
    "a date that does not exist": BadLine("timestamp", b"31/02/2026,17:00,20.3,40", "'31/02/2026'"),
    "a footer": BadLine("timestamp", b"Total,,20.3,40", "'Total'"),
    "a clock that was reset": BadLine(
        "implausible_date", b"01/01/2000,17:00,20.3,40", "01/01/2000 is before 2020-01-01"
    ),
    "a clock that is ahead": BadLine(
        "future_dates", b"29/01/2036,17:00,20.3,40", "a reading of 2036-01-29 17:00"
    ),
    "a decimal comma": BadLine(
        "decimal_mark",
        b'29/01/2026,17:00,"20,3",40',
        "'20,3' is not a number with decimal mark '.'",
    ),
    "thousands by comma": BadLine(
        "decimal_mark", b'29/01/2026,17:00,"1,020.3",40', "without thousands separators"
    ),
    "thousands by space": BadLine(
        "decimal_mark", "29/01/2026,17:00,1\u00a0020.3,40".encode(), "without thousands separators"
    ),
}


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("case", BAD_LINES)
def test_one_bad_line_costs_one_line_and_is_kept_with_its_number(
    case: str, end: bytes, tmp_path: Path
) -> None:
    bad = BAD_LINES[case]
    path = thermopro(tmp_path, "493D", times("2026-01-29", 48))
    whole = read(path.read_bytes()).landed
    assert whole is not None
    content = b"".join(
        [*lines(path.read_bytes())[:19], bad.text + b"\n", *lines(path.read_bytes())[20:]]
    ).replace(b"\n", end)
    result = read(content)
    assert result.landed is not None
    assert {line: row["reason"] for line, row in result.rejected.items()} == {20: bad.reason}
    assert result.rejected[20]["text"] == bad.text.decode(errors="replace")
    assert result.landed.equals(pa.concat_tables([whole.slice(0, 17), whole.slice(18)]))
    finding = next(
        finding for finding in result.found.findings if finding.check == "rejected_lines"
    )
    assert (
        "1 line of 48 rejected" in finding.message
        and bad.says in finding.message
        and finding.where.startswith("line 20")
        and finding.cure
    )


def test_a_last_line_that_was_cut_off_is_rejected(tmp_path: Path) -> None:
    content = thermopro(tmp_path, "493D", times("2026-01-29", 48)).read_bytes()
    for cut in range(1, 24):
        result = read(content[:-cut])
        assert {line: row["reason"] for line, row in result.rejected.items()} == {50: "cut_off"}
        assert result.found.rows == 47


@pytest.mark.parametrize("blank", ["", "   ", ",,,", " , ,\t,", "\u00a0,,,"])
def test_blank_lines_between_rows_change_nothing_but_line_numbers(
    blank: str, tmp_path: Path
) -> None:
    path = thermopro(tmp_path, "493D", times("2026-01-29", 48))
    whole = read(path.read_bytes()).landed
    retouched(
        path,
        lambda b: b"".join(
            [*lines(b)[:19], f"{blank}\n".encode() * 3, *lines(b)[19:], f"{blank}\n".encode() * 2]
        ),
    )
    result = read(path.read_bytes())
    assert (
        whole is not None
        and result.landed is not None
        and not result.rejected
        and not result.found.findings
    )
    assert result.landed.drop_columns("source_line").equals(whole.drop_columns("source_line"))
    assert result.landed["source_line"].to_pylist() == [*range(3, 20), *range(23, 54)]


@pytest.mark.parametrize(
    ("bad", "check"),
    [(0, None), (2, "rejected_lines"), (10, "many_rejected_lines"), (13, "timestamp")],
)
def test_few_bad_lines_are_a_finding_more_are_a_problem_and_too_many_refuse_the_file(
    bad: int, check: str | None, tmp_path: Path
) -> None:
    content = thermopro(tmp_path, "493D", times("2026-01-29", 50)).read_bytes()
    for number in range(3, 3 + bad):
        content = with_line(number, "no date,00:00,1,2")(content)
    found = judged(content)
    assert checks(found) == ([check] if check else [])
    assert found.accepted == (check != "timestamp")
    assert (
        check != "timestamp"
        or "13 of 50 lines cannot be read, 25 % are allowed" in found.findings[0].message
    )


def test_readings_in_the_future_are_judged_again_when_their_time_has_come(tmp_path: Path) -> None:
    content = thermopro(tmp_path, "493D", times("2026-01-29", 48)).read_bytes()
    early = read(content, now=Circumstances(datetime(2026, 1, 30, 18, tzinfo=UTC))).found
    assert (early.rows, early.rejected) == (46, 2), (
        "the tolerance is two hours, and Prague is one ahead"
    )
    assert early.judge_again is not None and early.judge_again <= datetime(
        2026, 1, 30, 22, tzinfo=UTC
    )
    assert read(content).found.rejected == 0 and read(content).found.judge_again is None


def test_no_text_of_a_sensitive_source_leaves_its_file(tmp_path: Path) -> None:
    content = with_line(20, "Jane Doe,17:00,20.3,40")(
        thermopro(tmp_path, "493D", times("2026-01-29", 48)).read_bytes()
    )
    content = with_line(21, "29/01/2026,18:00,Jane Doe,40")(content)
    result = read(content, declared=declare(sensitive=True))
    assert (
        result.found.accepted
        and result.rejected[20]["text"] is None
        and len(result.rejected[20]["sha256"]) == 64
    )
    assert "Jane" not in str(result.found) and "Jane" not in str(
        result.landed.to_pylist() if result.landed else ""
    )


@settings(max_examples=300)
@given(
    st.text(
        st.characters(exclude_characters='\r\n"\0', exclude_categories=["Cs"]),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from("tT"),
)
@example("temperature_celsius", "t")
@example("filename", "T")
@example("wall_clock", "T")
@example("timestamp", "T")
@example("SOURCE_LINE", "T")
@example("n0", "T")
def test_a_column_may_be_called_anything_in_any_case(name: str, letter: str) -> None:
    """A stranger beside ours, left of it and right of it: its values are never taken for ours."""
    stripped = name.strip(WHITESPACE)
    header = f"Date,Time,{name},Temperature_Celsius,Relative_Humidity(%)"
    result = read(f"{letter}itle\n{header}\n29/01/2026,00:00,99,20.5,40\n".encode())
    if (
        "," in name
        or not stripped
        or stripped in ("Date", "Time", "Temperature_Celsius", "Relative_Humidity(%)")
    ):
        return
    assert result.found.accepted, result.found
    assert result.found.layout is not None and result.landed is not None
    values = {
        column: result.landed[f"n{at}"].to_pylist()
        for at, column in enumerate(result.found.layout.columns)
    }
    assert values == {
        stripped: [99.0],
        "Temperature_Celsius": [20.5],
        "Relative_Humidity(%)": [40.0],
    }


BLANKS = st.text(st.sampled_from(WHITESPACE.replace("\n", "").replace("\r", "")), max_size=3)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(BLANKS, BLANKS), min_size=8, max_size=8),
    st.floats(-1e6, 1e6),
    st.sampled_from(["-", "na", "N/A", "NULL", ""]),
)
def test_any_white_space_around_dates_numbers_and_null_tokens_changes_nothing(
    blanks: list[tuple[str, str]], value: float, null: str
) -> None:
    def around(at: int, text: str) -> str:
        return blanks[at][0] + text + blanks[at][1]

    body = f"{around(0, '29/01/2026')},{around(1, '00:00')},{around(2, repr(value))},{around(3, '40')}\n"
    body += f"{around(4, '29/01/2026')},{around(5, '1:00')},{around(6, null)},{around(7, '.5')}\n"
    result = read(TITLE + body.encode())
    assert result.found.accepted and not result.found.findings and result.found.nulls == 1
    assert result.landed is not None
    assert result.landed["n0"].to_pylist() == [value, None] and result.landed["n1"].to_pylist() == [
        40.0,
        0.5,
    ]
    assert result.landed["t0"].null_count == result.landed["t1"].null_count == 2


@settings(max_examples=300)
@given(
    st.text(st.characters(exclude_characters='\r\n",\0', exclude_categories=["Cs"]), max_size=12)
)
@example("inf")
@example("nan")
@example("1_000")
@example("0x1F")
@example("٣")
def test_a_cell_is_a_number_exactly_if_it_is_written_as_one(text: str) -> None:
    result = read(
        TITLE
        + f"29/01/2026,00:00,{text},40\n29/01/2026,01:00,1,40\n".encode()
        + b"29/01/2026,02:00,1,40\n" * 8
    )
    stripped = text.strip(WHITESPACE)
    is_number = re.fullmatch(
        r"[+-]?(\d{1,99}(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", stripped, re.ASCII
    ) is not None and math.isfinite(float(stripped))
    assert result.landed is not None
    first = result.landed.slice(0, 1).to_pylist()[0]
    if first["source_line"] != 3:  # a number of another dialect, or a byte that cannot be in a text
        assert result.rejected[3]["reason"] in ("decimal_mark", "encoding")
        return
    assert first["n0"] == (float(stripped) if is_number else None)
    is_null = stripped.upper() in ("", "-", "NA", "N/A", "NULL")
    assert first["t0"] == (None if is_number or is_null else text)


def test_all_errors_of_the_header_are_reported_at_once(tmp_path: Path) -> None:
    content = (
        atrea(tmp_path, times("2026-01-29", 9), name="Graph.csv")
        .read_bytes()
        .replace(b"-sani", b"-san")
        .replace(b"-odvod", b"-odv")
    )
    found = judged(content, "Graph.csv", "atrea")
    assert checks(found) == ["required_columns"] * 2 + ["new_columns", "unknown_column"]
    assert f"perhaps renamed to {ATREA[1].replace('-sani', '-san')!r}" in found.findings[0].message


def test_an_unknown_column_of_a_wide_file_is_named_with_its_cure(tmp_path: Path) -> None:
    content = (
        atrea(tmp_path, times("2026-01-29", 9), name="Graph.csv")
        .read_bytes()
        .replace(b"KOT1", b"KOT9")
    )
    found = judged(content, "Graph.csv", "atrea")
    assert found.accepted and checks(found) == ["unknown_column"]
    assert "sensor_mappings.csv" in found.findings[0].message and found.findings[0].cure


def test_a_missing_value_column_is_named_and_a_described_one_is_declared() -> None:
    content = TITLE.replace(b"Relative_Humidity(%)", b"Humidity") + b"29/01/2026,00:00,20.5,40\n"
    declared = declare()  # neither required nor optional columns
    found = read(content, declared=declared).found
    missing, new = (
        next(f for f in found.findings if f.check == check)
        for check in ("value_columns", "new_columns")
    )
    assert found.accepted
    assert (
        missing.message
        == "no column matches 'Relative_Humidity(%)': the file has no humidity_indoor"
        and "(old|new)" in missing.cure
    )
    assert new.message == "'Humidity' is not declared"
    assert (
        checks(read(content.replace(b"Humidity", b"Relative_Humidity(%)"), declared=declared).found)
        == []
    )


def test_thousands_of_unknown_columns_are_one_finding() -> None:
    names = [f"Column {n} (°C)" for n in range(2000)]
    content = (
        ";".join(["Date", *names])
        + "\r\n"
        + ";".join(["29.01.2026 00:00:00", *["1,0"] * len(names)])
        + "\r\n"
    )
    found = judged(content.encode(), "Graph.csv", "atrea")
    assert len(str(found.findings)) < 5000 and "'Column 4 (°C)' and 1,995 more" in str(
        found.findings
    )


AUTUMN, SPRING = datetime(2025, 10, 26), datetime(2026, 3, 29)


@pytest.mark.parametrize("step", [1, 7, 15, 30, 60])
def test_both_passes_of_the_repeated_hour_are_separated_without_a_finding(
    step: int, tmp_path: Path
) -> None:
    walls = [
        AUTUMN + timedelta(minutes=n)
        for n in (*range(0, 180, step), *range(120 + -180 % step, 300, step))
    ]
    assert clock_change(walls, tmp_path) is None


@pytest.mark.parametrize(
    ("minutes", "says"),
    [
        ((120, 180), "appears once in the file: it was read as the first pass"),
        ((150, 165, 180), "appears once in the file: it was read as the first pass"),
        ((0, 60, 120, 180), "appears once in the file: it was read as the first pass"),
        (
            (179, 150, 121, 90),
            "goes back 2 times in the file: all lines after the first of these were read as the second pass",
        ),
        ((0, 60, 120), None),
        ((130, 140, 125, 180), None),
        ((0, 60, 180, 240), None),
    ],
)
def test_a_repeated_hour_that_a_file_leaves_open_is_reported(
    minutes: tuple[int, ...], says: str | None, tmp_path: Path
) -> None:
    finding = clock_change([AUTUMN + timedelta(minutes=n) for n in minutes], tmp_path)
    assert (finding is None) if says is None else (finding is not None and says in finding.message)


def test_readings_in_the_skipped_hour_are_reported_with_line_and_count(tmp_path: Path) -> None:
    finding = clock_change([SPRING + timedelta(minutes=n) for n in range(60, 240, 15)], tmp_path)
    assert finding is not None and finding.severity == "warning"
    assert (
        finding.message.startswith(
            "4 lines from 2026-03-29 02:00 to 03:00, an hour that did not exist"
        )
        and finding.where == "line 7"
    )


def test_a_time_that_comes_twice_is_a_warning_that_names_the_line() -> None:
    """In another line of the same device: of two devices, each may have its own."""
    rows = [b"29/01/2026,00:00,20,40", b"29/01/2026,01:00,21,41"]
    once = read(TITLE + b"\n".join([*rows, b""])).found
    assert once.findings == ()
    twice = read(TITLE + b"\n".join([*rows, rows[0], b""])).found
    assert twice.accepted
    [finding] = twice.findings
    assert (finding.check, finding.severity) == ("duplicate_timestamps", "warning")
    assert finding.message == "1 line has the time of an earlier line of the same device"
    assert finding.where == "line 5"
