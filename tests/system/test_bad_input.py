"""Bad input is refused clearly and nothing of the other files is lost; odd input is read as what it means."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from include.core import files
from include.core.settings import PROJECT_DIR
from include.ingest.register import read_outcome
from include.store.readings import read_accounting
from tests.support.platform import Platform
from tests.support.raw_files import (
    Raw,
    atrea,
    lines,
    retouched,
    small_drive,
    thermopro,
    times,
    with_line,
    without_column,
)

pytestmark = pytest.mark.xdist_group("bad_input")  # one process has its installations

DAYS = times("2026-01-29 00:00", 48)
MINUTE = timedelta(minutes=1)
TEMPERATURE, HUMIDITY = "'Temperature_Celsius'", "'Relative_Humidity(%)'"
OUTDOOR = "'KOT1/Teplota venkovní (°C)'"


@dataclass(frozen=True)
class Bad:
    """One way to be refused, and what has to be said of it; line 3 is the first data line, line 2 in Atrea's files."""

    check: str
    says: str
    where: str
    change: Callable[[bytes], bytes] = lambda content: content
    start: str = "2026-01-29"
    kind: str = "thermopro"
    cure: str = ""


REFUSED = {
    "empty": Bad("empty_file", "the file is empty", "line 1", lambda b: b""),
    "only a byte-order mark": Bad(
        "empty_file", "the file is empty", "line 1", lambda b: b"\xef\xbb\xbf\r\n"
    ),
    "only a title": Bad(
        "header", "the file ends before the header in line 2", "line 2", lambda b: lines(b)[0]
    ),
    "only a header": Bad(
        "no_rows", "a header and no data", "line 3", lambda b: b"".join(lines(b)[:2])
    ),
    "only a header and blank lines": Bad(
        "no_rows", "a header and no data", "line 3", lambda b: b"".join(lines(b)[:2]) + b"\n\n"
    ),
    "a nameless header": Bad("header", "the header is empty", "line 2", with_line(2, ",,,")),
    "UTF-16": Bad(
        "encoding", "the file is UTF-16, not UTF-8", "line 1", lambda b: b.decode().encode("utf-16")
    ),
    "UTF-16 without its mark": Bad(
        "encoding", "a NUL byte", "line 1", lambda b: b.decode().encode("utf-16-le")
    ),
    "Windows-1250": Bad(
        "encoding",
        "byte 0xed",
        "line 1",
        lambda b: b.decode().encode("cp1250"),
        kind="atrea",
        cure="Windows-1250",
    ),
    "gzip": Bad("encoding", "the file is gzip", "line 1", gzip.compress),
    "zip": Bad("encoding", "the file is zip", "line 1", lambda b: b"PK\x03\x04" + b),
    "semicolons": Bad(
        "delimiter", "separated by ';', declared is ','", "line 2", lambda b: b.replace(b",", b";")
    ),
    "tabs": Bad(
        "delimiter",
        "separated by '\\t', declared is ','",
        "line 2",
        lambda b: b.replace(b",", b"\t"),
    ),
    "commas for semicolons": Bad(
        "delimiter",
        "separated by ',', declared is ';'",
        "line 1",
        lambda b: b.replace(b";", b","),
        kind="atrea",
    ),
    "decimal commas": Bad(
        "field_count",
        "5 fields where the header has 4",
        "line 3",
        lambda b: b.replace(b"20.", b"20,"),
        cure="decimal comma",
    ),
    "decimal points": Bad(
        "decimal_mark",
        "'0.00' is not a number with decimal mark ',' and without thousands separators; 48 of 48 lines cannot be read, 25 % are allowed",
        f"line 2, column {OUTDOOR}",
        lambda b: b.replace(b",", b"."),
        kind="atrea",
    ),
    "a column missing": Bad(
        "required_columns",
        f"no column matches {HUMIDITY}; found: Date, Time",
        "line 2",
        without_column(3),
    ),
    "the time missing": Bad(
        "required_columns", "no column matches 'Time'", "line 2", without_column(1)
    ),
    "a column renamed": Bad(
        "required_columns",
        f"{TEMPERATURE}; perhaps renamed to 'Temperature_C'",
        "line 2",
        lambda b: b.replace(b"_Celsius", b"_C"),
    ),
    "a column twice": Bad(
        "header",
        "column names appear twice: Date",
        "line 2",
        lambda b: b.replace(b"Temperature_Celsius", b"Date"),
    ),
    "date orders mixed": Bad(
        "date_order",
        "mixed date orders: 01/30/2026 and 29/01/2026",
        "line 27",
        lambda b: b.replace(b"30/01/2026", b"01/30/2026"),
    ),
    "date order open": Bad(
        "date_order",
        "ambiguous dates: 05/04/2025 fits %d/%m/%Y and %m/%d/%Y",
        "",
        lambda b: b"".join(lines(b)[:20]),
        start="2025-04-05",
    ),
    "a date that does not exist": Bad(
        "timestamp", "'31/02/2026'", "line 27", lambda b: b.replace(b"30/01/2026", b"31/02/2026")
    ),
    "a date in another form": Bad(
        "timestamp", "'2026-01-30'", "line 27", lambda b: b.replace(b"30/01/2026", b"2026-01-30")
    ),
    "the future": Bad(
        "future_dates",
        "a reading of 2026-03-13 00:00, and it is 2026-03-01 00:00 UTC",
        "line 3",
        start="2026-03-13",
        cure="clock",
    ),
}


def name_of(case: str) -> str:
    number = list(REFUSED).index(case)
    return (
        f"Graph_{number}.csv"
        if REFUSED[case].kind == "atrea"
        else f"ThermoProSensor_export_E{number:03X}_1769904007.csv"
    )


def bad_drive(raw: Raw) -> None:
    """Every refusable file beside two good ones, and what is no file at all."""
    thermopro(raw, "493D", DAYS)
    atrea(raw, DAYS, name="Graph_good.csv")
    for case, bad in REFUSED.items():
        at = times(bad.start, 48)
        path = (
            atrea(raw, at, name=name_of(case))
            if bad.kind == "atrea"
            else thermopro(raw, "X", at, name=name_of(case))
        )
        retouched(path, bad.change)
    (raw / "ThermoProSensor_export_072B_1769904007.csv").symlink_to(
        "ThermoProSensor_export_493D_1769904007.csv"
    )
    (raw / "ThermoProSensor_export_050D_1769904007.csv.gz").write_bytes(gzip.compress(b"packed"))
    (raw / f"Graph{'ž' * 110}.csv").write_bytes(b"a long name")


@pytest.fixture(scope="module")
def installed(
    tmp_path_factory: pytest.TempPathFactory, airflow_database: None
) -> Callable[..., Platform]:
    """Makes an installation, empty or as a copy of another as it stands."""

    def make(name: str, like: Platform | None = None) -> Platform:
        folder = tmp_path_factory.mktemp(name)
        if like:
            return like.copy(folder)
        platform = Platform(folder / "drive", folder / "data")
        platform.raw.mkdir()
        return platform

    return make


@pytest.fixture(scope="module")
def refused(installed: Callable[..., Platform]) -> Platform:
    platform = installed("refused")
    bad_drive(platform.raw)
    return platform.run("2026-03-01")


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_file_is_refused_with_check_place_and_cure(refused: Platform, case: str) -> None:
    bad, version = REFUSED[case], refused.version_of(name_of(case))
    finding = next(f for f in version.findings if f.severity == "error")
    assert (version.verdict, finding.check, finding.where) == ("refused", bad.check, bad.where), (
        finding
    )
    assert bad.says in finding.message
    assert finding.cure and bad.cure in finding.cure


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_file_is_kept_whole_and_its_page_says_what_to_do(
    refused: Platform, case: str
) -> None:
    version = refused.version_of(name_of(case))
    page = json.loads(
        (refused.data / f"quarantine/sm2/{version.datasource_id}/{version.path}.json").read_text()
    )
    finding = next(f for f in version.findings if f.severity == "error")
    assert page["because"][0] == finding.message + (f" ({finding.where})" if finding.where else "")
    assert finding.cure in page["what_to_do"]
    assert (refused.data / page["untouched_file"]).read_bytes() == (
        refused.raw / version.path
    ).read_bytes()
    problem = next(
        problem for problem in outcome_of(refused).problems if problem.startswith(version.path)
    )
    assert finding.message in problem and finding.cure in problem


def test_nothing_of_a_refused_file_is_published(refused: Platform) -> None:
    accepted = {v.number for v in refused.ledger.versions if v.verdict == "accepted"}
    assert len(accepted) == 2
    assert set(accounting_of(refused)["source_file"].to_pylist()) == accepted
    lineage = json.loads((refused.release.path / "lineage.json").read_text())
    assert {entry["path"] for entry in lineage["refused"]} == {name_of(case) for case in REFUSED}


def test_the_good_files_beside_bad_ones_are_published_whole(refused: Platform) -> None:
    assert refused.states["aggregate_and_publish.publish"] == "success"
    assert refused.query(
        "select source, count(*), count(distinct timestamp) from public_dataset_raw group by 1 order by 1"
    ) == [
        ("Atrea", 48 * 5, 48),
        ("ThermoPro", 48 * 2, 48),
    ]
    assert sums_of(refused) == {"cells": 48 * 7, "readings": 48 * 7, "kept": 48 * 7}


def test_refresh_fails_once_all_else_has_gone_on_and_names_every_bad_file(
    refused: Platform,
) -> None:
    assert [task for task, state in refused.states.items() if state == "failed"] == [
        "refresh",
        "refresh.report",
    ]
    assert len(outcome_of(refused).problems) == len(REFUSED) + 2, (
        "and the symbolic link and the long name"
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "ThermoProSensor_export_072B_1769904007.csv.rclonelink",
            "symbolic_link: a symbolic link is not followed",
        ),
        ("Graphžžž", "file_name: the name is longer than 200 bytes"),
    ],
)
def test_what_cannot_be_copied_is_named(refused: Platform, name: str, says: str) -> None:
    assert any(
        problem.startswith(says) and name in problem for problem in outcome_of(refused).problems
    )


def test_a_file_that_no_datasource_claims_is_reported(refused: Platform) -> None:
    assert any(
        "unclaimed_file" in warning and "050D_1769904007.csv.gz" in warning
        for warning in outcome_of(refused).warnings
    )


@pytest.fixture(scope="module")
def cured(installed: Callable[..., Platform], refused: Platform) -> Platform:
    """The day after: one bad file was corrected under its name, a good one was replaced, what cannot be copied is gone."""
    platform = installed("cured", like=refused)
    for path in [*platform.raw.glob("Graphž*"), *platform.raw.glob("*072B*")]:
        path.unlink()
    thermopro(platform.raw, "B020", DAYS, name="ThermoProSensor_export_E000_1769904007.csv")
    thermopro(platform.raw, "493D", DAYS[:24], value=lambda n: "25.5")
    return platform.run("2026-03-02")


def test_a_corrected_file_leaves_quarantine(cured: Platform) -> None:
    assert [v.verdict for v in cured.ledger.versions if v.path == name_of("empty")] == [
        "refused",
        "accepted",
    ]
    assert not (cured.data / f"quarantine/sm2/sm2_thermopro/{name_of('empty')}.json").exists()


def test_a_refusal_that_was_reported_does_not_fail_refresh_again(cured: Platform) -> None:
    assert cured.states["refresh"] == "success"
    assert len(outcome_of(cured).ongoing) == len(REFUSED) - 1


def test_a_file_replaced_under_its_old_name_wins_and_what_it_replaced_is_kept(
    cured: Platform,
) -> None:
    old, new = (v.number for v in cured.ledger.versions if "_493D_" in v.path)
    assert readings_of(cured, "2026-01", "493D", "temp_indoor")["value"].to_pylist() == [
        25.5
    ] * 24 + [20 + n % 7 / 10 for n in range(24, 48)]
    replaced = rejected_of(cured, "2026-01").filter(pc.field("reason") == "superseded")
    assert set(replaced["source_file"].to_pylist()) == {old} and new > old
    assert replaced["source_line"].to_pylist() == list(range(3, 27))
    assert [
        row["superseded"] for row in accounting_of(cured).to_pylist() if row["source_file"] == old
    ] == [24]


@pytest.fixture(scope="module")
def dead(installed: Callable[..., Platform], cured: Platform) -> Platform:
    platform = installed("dead", like=cured)
    platform.raw.take_away()
    return platform.run("2026-03-03")


def test_a_dead_remote_is_named_and_all_else_stands(dead: Platform, cured: Platform) -> None:
    assert dead.states["refresh.report"] == "failed"
    assert {p for p in outcome_of(dead).problems if "/Latest/Upload could not be read" in p} == set(
        outcome_of(dead).problems
    )
    assert dead.ledger.versions == cured.ledger.versions
    assert dead.release.version == cured.release.version


TWINS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a byte-order mark": ("050D", lambda b: b"\xef\xbb\xbf" + b),
    "CRLF": ("072B", lambda b: b.replace(b"\n", b"\r\n")),
    "CR": ("1EF1", lambda b: b.replace(b"\n", b"\r")),
    "line ends mixed": (
        "23A9",
        lambda b: b"".join(
            line[:-1] + (b"\n", b"\r\n", b"\r")[n % 3] for n, line in enumerate(lines(b))
        ),
    ),
    "columns in another order": (
        "2AE9",
        lambda b: (
            lines(b)[0]
            + b"".join(b",".join(line[:-1].split(b",")[::-1]) + b"\n" for line in lines(b)[1:])
        ),
    ),
    "cells in quotes": (
        "3B1D",
        lambda b: (
            lines(b)[0]
            + b"".join(
                b",".join(b'"%s"' % cell for cell in line[:-1].split(b",")) + b"\n"
                for line in lines(b)[1:]
            )
        ),
    ),
    "blank lines at the end": ("3CFB", lambda b: b + b"\n\n"),
    "month before day": (
        "4427",
        lambda b: b.replace(b"29/01", b"01/29").replace(b"30/01", b"01/30"),
    ),
    "spaces around numbers": (
        "4B73",
        lambda b: (
            b"".join(lines(b)[:2])
            + b"".join(line.replace(b",2", b", 2").replace(b"\n", b" \n") for line in lines(b)[2:])
        ),
    ),
    "a column more": (
        "61E6",
        lambda b: (
            lines(b)[0]
            + lines(b)[1][:-1]
            + b",Dew_Point\n"
            + b"".join(line[:-1] + b",7.5\n" for line in lines(b)[2:])
        ),
    ),
}
NO_NUMBERS = ["ERR", "inf", "-inf", "nan", "1_000", "0x1F", "1e999", "-1e999", "٣"]
NAMES = [
    "Graph s mezerou.csv",
    "Graph – příliš žluťoučký kůň.csv",
    "Graph 'a' \"b\".csv",
    "Graph..csv",
    "Graph 1.csv",
    "Graph [1].csv",
    "Graph [1] (2) {3}.csv",
    "Graph * ? $HOME % # & ;.csv",
]


def odd_drive(raw: Raw) -> None:
    thermopro(raw, "493D", DAYS)
    for device, change in TWINS.values():
        retouched(thermopro(raw, device, DAYS), change)
    thermopro(raw, "FFFF", DAYS)
    thermopro(
        raw,
        "910A",
        DAYS,
        value=lambda n: NO_NUMBERS[n] if n < len(NO_NUMBERS) else "-" if n == 40 else "21.5",
    )
    for name in NAMES:
        atrea(raw.folders[0] / "in a folder", DAYS, name=name)
    retouched(
        thermopro(raw, "CAF4", DAYS),
        lambda b: with_line(30, "29/01/2000,03:00,20.1,40")(
            with_line(7, "29/01/2026,04:00,\0\0\0,44")(b)
        ),
    )
    overlapping(raw)
    around_clock_changes(raw)


def overlapping(raw: Raw) -> None:
    thermopro(raw, "8370", DAYS[:24], exported=1)
    thermopro(
        raw,
        "8370",
        DAYS[12:],
        value=lambda n: f"{20 + (n + 12) % 7 / 10:.1f}",
        humidity=lambda n: f"{40 + (n + 12) % 5}",
        exported=2,
    )
    thermopro(raw, "90A9", DAYS[12:], value=lambda n: "22.0", humidity=lambda n: "40", exported=1)
    thermopro(raw, "90A9", DAYS[:24], value=lambda n: "23.0", humidity=lambda n: "40", exported=2)
    for exported in (1, 2):
        thermopro(
            raw,
            "990A",
            DAYS,
            value=lambda n, by=exported: f"{20 + by}.0",
            humidity=lambda n: "40",
            exported=exported,
        )


def around_clock_changes(raw: Raw) -> None:
    autumn = datetime(2025, 10, 26)
    minutes = [autumn + n * MINUTE for n in (*range(90, 180), *range(120, 210))]
    thermopro(raw, "9C88", minutes, exported=1)
    thermopro(
        raw,
        "9C88",
        minutes[60:],
        value=lambda n: f"{20 + (n + 60) % 7 / 10:.1f}",
        humidity=lambda n: f"{40 + (n + 60) % 5}",
        exported=2,
    )
    thermopro(raw, "9E31", [autumn + timedelta(hours=hour) for hour in (0, 1, 2, 2, 3)])
    thermopro(raw, "C6CB", [autumn + timedelta(hours=hour) for hour in (25, 26, 1, 2, 2, 3)])
    thermopro(raw, "9E4C", [autumn + timedelta(hours=hour) for hour in (2, 3, 4)])
    thermopro(
        raw,
        "A7A9",
        [autumn + timedelta(hours=hour) for hour in (1, 2)],
        value=lambda n: "21.0",
        exported=1,
    )
    thermopro(
        raw,
        "A7A9",
        [autumn + timedelta(hours=hour) for hour in (2, 3)],
        value=lambda n: "22.0",
        exported=2,
    )
    thermopro(raw, "B54D", [datetime(2026, 3, 29, hour) for hour in (1, 2, 3, 4)])


@pytest.fixture(scope="module")
def accepted(installed: Callable[..., Platform]) -> Platform:
    platform = installed("accepted")
    odd_drive(platform.raw)
    return platform.run("2026-04-02")


def test_odd_files_are_accepted_and_published(accepted: Platform) -> None:
    assert {v.verdict for v in accepted.ledger.versions} == {"accepted"}
    assert {
        task for task, state in accepted.states.items() if state not in ("success", "skipped")
    } == set()


@pytest.mark.parametrize("case", TWINS)
def test_an_oddity_changes_no_value_and_no_line_number(accepted: Platform, case: str) -> None:
    columns = ["timestamp", "measurement", "value", "source_line"]
    expected = readings_of(accepted, "2026-01", "493D").select(columns)
    assert readings_of(accepted, "2026-01", TWINS[case][0]).select(columns).equals(expected)
    assert expected.num_rows == 96 and expected["source_line"].to_pylist()[:48] == list(
        range(3, 51)
    )


@pytest.mark.parametrize("case", ["line ends mixed", "a column more"])
def test_an_oddity_that_somebody_should_look_at_is_warned_of(accepted: Platform, case: str) -> None:
    version = file_of(accepted, TWINS[case][0])
    expected = {
        "line ends mixed": "line_ends: line ends are mixed",
        "a column more": "new_columns: 'Dew_Point' is not declared (line 2)",
    }
    assert any(expected[case] in str(finding) for finding in version.findings)
    assert any(expected[case] in warning for warning in outcome_of(accepted).warnings)


def test_the_cells_of_an_undeclared_column_are_counted_as_unmapped(accepted: Platform) -> None:
    assert counted(accepted, "61E6") == {"cells": 144, "readings": 96, "unmapped": 48, "kept": 96}


def test_an_unknown_sensor_is_named_and_its_cells_are_counted_as_unmapped(
    accepted: Platform,
) -> None:
    assert counted(accepted, "FFFF") == {"cells": 96, "unmapped": 96}
    assert any(
        "unknown_sensor: the name 'FFFF' has no row in sensor_mappings.csv" in warning
        for warning in outcome_of(accepted).warnings
    )


def test_what_is_no_number_is_never_a_reading_and_is_kept_with_file_and_line(
    accepted: Platform,
) -> None:
    version, found = (
        file_of(accepted, "910A"),
        rejected_of(accepted, "2026-01").filter(pc.field("reason") == "unparsable"),
    )
    assert found["raw_value"].to_pylist() == NO_NUMBERS
    assert found["source_line"].to_pylist() == list(range(3, 3 + len(NO_NUMBERS)))
    assert set(found["source_file"].to_pylist()) == {version.number}
    rest = 96 - len(NO_NUMBERS) - 1
    assert counted(accepted, "910A") == {
        "cells": 96,
        "readings": rest,
        "nulls": 1,
        "unparsable": len(NO_NUMBERS),
        "kept": rest,
    }
    assert set(readings_of(accepted, "2026-01", "910A", "temp_indoor")["value"].to_pylist()) == {
        21.5
    }
    finding = next(f for f in version.findings if f.check == "text_for_number")
    assert (finding.message, finding.where) == (
        "9 values are not numbers, the first is 'ERR'",
        f"line 3, column {TEMPERATURE}",
    )


def test_bad_lines_cost_themselves_and_are_kept_in_quarantine(accepted: Platform) -> None:
    version = file_of(accepted, "CAF4")
    assert (version.verdict, version.rows, version.rejected) == ("accepted", 46, 2)
    page = json.loads(
        (accepted.data / f"quarantine/sm2/sm2_thermopro/{version.path}.json").read_text()
    )
    assert page["rejected_lines"] == 2 and "2 lines of 48 rejected" in page["because"][0]
    kept = pq.read_table(accepted.data / page["their_texts"]).to_pylist()
    assert [(row["line"], row["reason"], row["text"]) for row in kept] == [
        (7, "encoding", "29/01/2026,04:00,\0\0\0,44"),
        (30, "implausible_date", "29/01/2000,03:00,20.1,40"),
    ]
    assert counted(accepted, "CAF4") == {"cells": 92, "readings": 92, "kept": 92}
    assert {month for v in accepted.ledger.versions for month in v.months} == {
        "2025-10",
        "2026-01",
        "2026-03",
    }, "no month is made for a clock that was reset"
    assert any(
        "rejected_lines: 2 lines of 48" in warning for warning in outcome_of(accepted).warnings
    )


@pytest.mark.parametrize("name", NAMES)
def test_any_printable_name_is_read(accepted: Platform, name: str) -> None:
    version = accepted.version_of(f"in a folder/{name}")
    row = next(
        row for row in accounting_of(accepted).to_pylist() if row["source_file"] == version.number
    )
    assert row["cells"] == row["readings"] == row["kept"] + row["duplicates"] == 48 * 5


def test_equal_exports_are_counted_as_duplicates(accepted: Platform) -> None:
    rows = [
        row
        for row in accounting_of(accepted).to_pylist()
        if row["source_file"]
        in {accepted.version_of(f"in a folder/{name}").number for name in NAMES}
    ]
    assert sum(row["kept"] for row in rows) == 48 * 5
    assert sum(row["duplicates"] for row in rows) == 48 * 5 * (len(NAMES) - 1)


def test_overlapping_exports_make_one_series(accepted: Platform) -> None:
    found = readings_of(accepted, "2026-01", "8370")
    assert found["value"].equals(readings_of(accepted, "2026-01", "493D")["value"])
    assert counted(accepted, "8370") == {
        "cells": 120,
        "readings": 120,
        "kept": 96,
        "duplicates": 24,
    }


def test_of_exports_in_conflict_the_later_export_wins_however_short_it_is(
    accepted: Platform,
) -> None:
    earlier, later = sorted(
        (v for v in accepted.ledger.versions if "_90A9_" in v.path), key=lambda v: v.path
    )
    assert later.last_reading < earlier.last_reading
    assert (
        readings_of(accepted, "2026-01", "90A9", "temp_indoor")["value"].to_pylist()
        == [23.0] * 24 + [22.0] * 24
    )
    assert counted(accepted, "90A9") == {
        "cells": 120,
        "readings": 120,
        "kept": 96,
        "duplicates": 12,
        "superseded": 12,
    }
    lost = rejected_of(accepted, "2026-01").filter(pc.field("sensor_id") == "90A9")
    assert set(lost["source_file"].to_pylist()) == {earlier.number}
    assert lost["source_line"].to_pylist() == list(range(3, 15)) and set(
        lost["value"].to_pylist()
    ) == {22.0}


def test_of_exports_of_the_same_span_in_conflict_the_later_export_wins(accepted: Platform) -> None:
    assert set(readings_of(accepted, "2026-01", "990A", "temp_indoor")["value"].to_pylist()) == {
        22.0
    }
    assert counted(accepted, "990A") == {
        "cells": 192,
        "readings": 192,
        "kept": 96,
        "duplicates": 48,
        "superseded": 48,
    }


def test_the_hour_that_comes_twice_is_separated_in_minute_data(accepted: Platform) -> None:
    assert instants(accepted, "2025-10", "9C88") == [
        datetime(2025, 10, 25, 23, 30, tzinfo=UTC) + n * MINUTE for n in range(180)
    ]
    assert counted(accepted, "9C88") == {
        "cells": 600,
        "readings": 600,
        "kept": 360,
        "duplicates": 240,
    }, "an overlapping export agrees"


def test_the_hour_that_comes_twice_is_separated_in_hourly_data(accepted: Platform) -> None:
    assert instants(accepted, "2025-10", "9E31") == [
        datetime(2025, 10, 25, 22, tzinfo=UTC) + timedelta(hours=n) for n in range(5)
    ]
    assert not [f for f in file_of(accepted, "9E31").findings if f.check == "clock_change"]


def test_the_hour_that_comes_twice_is_separated_below_later_days(accepted: Platform) -> None:
    # 27 October 01:00 and 02:00 stand first in the file: 00:00 and 01:00 UTC
    hours = [
        datetime(2025, 10, 25, 23, tzinfo=UTC) + timedelta(hours=n) for n in (0, 1, 2, 3, 25, 26)
    ]
    assert instants(accepted, "2025-10", "C6CB") == hours


def test_a_file_that_begins_inside_the_hour_that_comes_twice_counts_as_its_first_pass(
    accepted: Platform,
) -> None:
    assert instants(accepted, "2025-10", "9E4C") == [
        datetime(2025, 10, 26, hour, tzinfo=UTC) for hour in (0, 2, 3)
    ]
    finding = next(f for f in file_of(accepted, "9E4C").findings if f.check == "clock_change")
    assert (
        "the hour from 2025-10-26 02:00 to 03:00 came twice" in finding.message
        and finding.where == "line 3"
    )
    assert any(str(finding) in warning for warning in outcome_of(accepted).warnings)


def test_the_hour_that_comes_twice_cannot_be_separated_across_files_and_that_is_said(
    accepted: Platform,
) -> None:
    assert instants(accepted, "2025-10", "A7A9") == [
        datetime(2025, 10, 25, 23, tzinfo=UTC),
        datetime(2025, 10, 26, 0, tzinfo=UTC),
        datetime(2025, 10, 26, 2, tzinfo=UTC),
    ]
    assert readings_of(accepted, "2025-10", "A7A9", "temp_indoor")["value"].to_pylist() == [
        21.0,
        22.0,
        22.0,
    ]
    first, second = sorted(
        (v for v in accepted.ledger.versions if "_A7A9_" in v.path), key=lambda v: v.path
    )
    assert [f.check for f in first.findings] == [] and [f.check for f in second.findings] == [
        "clock_change"
    ]
    lost = rejected_of(accepted, "2025-10").filter(pc.field("sensor_id") == "A7A9").to_pylist()
    assert [
        (row["source_file"], row["source_line"], row["value"])
        for row in lost
        if row["measurement"] == "temp_indoor"
    ] == [(first.number, 4, 21.0)]


def test_readings_in_the_hour_that_does_not_exist_are_reported_and_none_is_lost(
    accepted: Platform,
) -> None:
    assert instants(accepted, "2026-03", "B54D") == [
        datetime(2026, 3, 29, hour, tzinfo=UTC) for hour in (0, 1, 2)
    ]
    assert readings_of(accepted, "2026-03", "B54D", "temp_indoor")["value"].to_pylist() == [
        20.0,
        20.2,
        20.3,
    ]
    lost = rejected_of(accepted, "2026-03").to_pylist()
    assert [
        (row["timestamp"], row["value"], row["source_line"])
        for row in lost
        if row["measurement"] == "temp_indoor"
    ] == [(datetime(2026, 3, 29, 1, tzinfo=UTC), 20.1, 4)]
    finding = next(f for f in file_of(accepted, "B54D").findings if f.check == "clock_change")
    assert (
        "1 line from 2026-03-29 02:00 to 03:00, an hour that did not exist" in finding.message
        and finding.where == "line 4"
    )


def test_every_cell_of_the_odd_files_is_accounted_for(accepted: Platform) -> None:
    sums = sums_of(accepted)
    assert sums["cells"] == sum(v.cells for v in accepted.ledger.versions)
    assert sums["cells"] == sum(
        sums[name] for name in ("readings", "nulls", "unmapped", "unparsable")
    )
    assert sums["readings"] == sums["kept"] + sums["duplicates"] + sums["superseded"]


def test_a_second_run_on_one_data_dir_ends_at_once_and_says_why(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "RCLONE_CONFIG_SM2DRIVE_TYPE": "alias",
        "RCLONE_CONFIG_SM2DRIVE_REMOTE": str(tmp_path),
    }
    with files.locked(tmp_path / ".run.lock", "make run"):
        done = subprocess.run(
            [sys.executable, "cli/run.py"],
            cwd=PROJECT_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
        )
    assert done.returncode == 1, done.stderr
    assert f"make run (process {os.getpid()}) is writing the same data" in done.stdout
    assert str(tmp_path / ".run.lock") in done.stdout and "wait until it has ended" in done.stdout
    assert not (tmp_path / "ledger.parquet").exists()


def outcome_of(platform: Platform):
    outcome = read_outcome(platform.settings)
    assert outcome is not None
    return outcome


def file_of(platform: Platform, device: str):
    return next(v for v in platform.ledger.versions if f"_{device}_" in v.path)


def accounting_of(platform: Platform) -> pa.Table:
    return read_accounting(platform.settings)


def counted(platform: Platform, device: str) -> dict[str, int]:
    """What the accounting counts of a device's files, less what it counts as none."""
    numbers = {v.number for v in platform.ledger.versions if f"_{device}_" in v.path}
    return _sums(
        [row for row in accounting_of(platform).to_pylist() if row["source_file"] in numbers]
    )


def sums_of(platform: Platform) -> dict[str, int]:
    return _sums(accounting_of(platform).to_pylist())


def _sums(rows: list[dict]) -> dict[str, int]:
    names = (
        "cells",
        "readings",
        "nulls",
        "unmapped",
        "ignored",
        "unparsable",
        "kept",
        "duplicates",
        "superseded",
    )
    return {name: total for name in names if (total := sum(row[name] for row in rows))}


def readings_of(
    platform: Platform, month: str, device: str, measurement: str | None = None
) -> pa.Table:
    """One device's readings of a month, by measurement and time."""
    found = pq.read_table(
        platform.settings.paths.month_of_readings("sm2", month), partitioning=None
    ).filter(pc.field("sensor_id") == device)
    if measurement:
        found = found.filter(pc.field("measurement") == measurement)
    return found.sort_by([("measurement", "ascending"), ("timestamp", "ascending")])


def instants(platform: Platform, month: str, device: str) -> list[datetime]:
    return [
        at.astimezone(UTC)
        for at in readings_of(platform, month, device, "temp_indoor")["timestamp"].to_pylist()
    ]


def rejected_of(platform: Platform, month: str) -> pa.Table:
    return pq.read_table(platform.settings.paths.rejected("sm2", month), partitioning=None)


def test_a_refusal_ends_when_its_file_is_taken_off_the_drive(new_platform) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    broken = platform.raw / "Graph_09_broken.csv"
    broken.write_bytes(b"")
    platform.run("2026-02-04", only="refresh")
    assert platform.version_of(broken).verdict == "refused"
    broken.unlink()
    platform.run("2026-02-04", only="refresh")
    assert platform.version_of(broken).verdict == "gone"
    assert platform.ledger.refused() == []
    assert not list((platform.data / "quarantine").rglob("*.json"))
    assert platform.states["refresh"] == "success"


def test_a_gate_that_breaks_lets_nothing_through(new_platform, monkeypatch) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    monkeypatch.setattr("include.ingest.gate.judge", lambda *arguments: 1 / 0)
    platform.run("2026-02-04", only="refresh")
    assert platform.ledger.versions == ()
    assert platform.states["refresh"] == "failed"
