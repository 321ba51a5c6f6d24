"""Bad input is refused clearly, and nothing of the other files is lost."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pytest

from include.core import files
from include.core.settings import PROJECT_DIR
from tests.support.accounts import (
    accounting_of,
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
    small_drive,
    thermopro,
    times,
    with_line,
    without_column,
)

pytestmark = pytest.mark.xdist_group("refused files")  # one process has its installations


DAYS = times("2026-01-29 00:00", 48)
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
    "half a gzip": Bad(
        "archive", "damaged or cut off", "the archive", lambda b: gzip.compress(b)[:-20]
    ),
    "zip": Bad("archive", "damaged or cut off", "the archive", lambda b: b"PK\x03\x04" + b),
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
def refused(templates: Callable[..., Platform]) -> Platform:
    return templates("2026-03-01", bad_drive)


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
def cured(templates: Callable[..., Platform], tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The day after: one bad file was corrected under its name, a good one was replaced, what cannot be copied is gone."""
    platform = templates("2026-03-01", bad_drive).copy(tmp_path_factory.mktemp("cured"))
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


def test_a_dead_remote_is_named_and_all_else_stands(refused: Platform, tmp_path: Path) -> None:
    dead = refused.copy(tmp_path)
    dead.raw.take_away()
    dead.run("2026-03-02")
    assert dead.states["refresh.report"] == "failed"
    assert {p for p in outcome_of(dead).problems if "/Latest/Upload could not be read" in p} == set(
        outcome_of(dead).problems
    )
    assert dead.ledger.versions == refused.ledger.versions
    assert dead.release.version == refused.release.version


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
            timeout=400,
        )
    assert done.returncode == 1, done.stderr
    assert f"make run (process {os.getpid()}) is writing the same data" in done.stdout
    assert str(tmp_path / ".run.lock") in done.stdout and "wait until it has ended" in done.stdout
    assert not (tmp_path / "ledger.parquet").exists()


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
    monkeypatch.setattr("include.ingest.gate.judge", lambda *_, **__: 1 / 0)
    platform.run("2026-02-04", only="refresh")
    assert platform.ledger.versions == ()
    assert platform.states["refresh"] == "failed"
