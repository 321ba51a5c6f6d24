"""Odd input is read as what it means, and every cell of it is accounted for."""

import json
from collections.abc import Callable

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.support.accounts import (
    accounting_of,
    counted,
    file_of,
    outcome_of,
    readings_of,
    rejected_of,
    sums_of,
)
from tests.support.platform import Platform
from tests.support.raw_files import (
    Raw,
    atrea,
    lines,
    retouched,
    thermopro,
    times,
    with_line,
)

pytestmark = pytest.mark.xdist_group("odd files")  # one process has its installations


DAYS = times("2026-01-29 00:00", 48)
TEMPERATURE = "'Temperature_Celsius'"


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


@pytest.fixture(scope="module")
def accepted(templates: Callable[..., Platform]) -> Platform:
    return templates("2026-04-02", odd_drive)


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
        "2026-01",
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


def test_every_cell_of_the_odd_files_is_accounted_for(accepted: Platform) -> None:
    sums = sums_of(accepted)
    assert sums["cells"] == sum(v.cells for v in accepted.ledger.versions)
    assert sums["cells"] == sum(
        sums[name] for name in ("readings", "nulls", "unmapped", "unparsable")
    )
    assert sums["readings"] == sums["kept"] + sums["duplicates"] + sums["superseded"]
