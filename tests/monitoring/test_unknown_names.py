"""Unknown names: one finding for a file, however many there are, with rows that the seeds accept."""

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from include.core.settings import PROJECT_DIR
from include.ingest.validate import means
from include.ledger.ledger import FileVersion, Layout
from include.monitoring.causes import Cause
from include.monitoring.seed_rows import pattern_of
from include.monitoring.unknown_names import unknown_names
from include.registry import Registry, load_registry
from include.release.lineage import _first

SEEDS = PROJECT_DIR / "include/dbt/seeds"
NOON = datetime(2026, 2, 4, 12, tzinfo=UTC)
NARROW = {
    "file_formats.csv": "narrow_csv,delimited,;,.,1,%Y-%m-%d,-,,,,",
    "datasources_config.csv": "sm2_narrow,sm2,Narrow,csv,narrow_csv,sm2drive:narrow,*,Time,,warn,any,Europe/Prague,,,10,5,25,1,2000000,,false,active",
    "datasource_mappings.csv": "sm2_narrow,Time,Unit,Kind,Value,,Narrow,-50,60,",
}
NAMES = st.text(min_size=1).filter(
    lambda text: (
        text.strip() == text
        and "\0" not in text
        and not any("\ud800" <= sign <= "\udfff" for sign in text)
    )
)


def filled(row: str, measurement: str = "temp_indoor") -> str:
    values = {
        "<sensor_id>": "X1",
        "<location>": "SM2_01_L1_01",
        "<measurement>": measurement,
        "<value_min>": "0",
        "<value_max>": "10",
    }
    for name, value in values.items():
        row = row.replace(name, value)
    return row


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    return shutil.copytree(SEEDS, tmp_path / "seeds")


def with_rows(seeds: Path, rows: dict[str, str]) -> Registry:
    """The seeds with further rows, pasted at the end as a person does."""
    for file, text in rows.items():
        with (seeds / file).open("a", encoding="utf-8", newline="") as seed:
            seed.write(f"{text}\n")
    return load_registry(seeds)


def with_cell(seeds: Path, file: str, old: str, new: str) -> Registry:
    """The seeds with one cell changed."""
    text = (seeds / file).read_text()
    assert text.count(old) == 1
    (seeds / file).write_text(text.replace(old, new))
    return load_registry(seeds)


def pasted(seeds: Path, detail: str) -> Registry:
    """The seeds with the rows of a finding, filled in."""
    rows = {}
    for block in re.split(r"\n\n(?=\w+_mappings\.csv:\n)", detail):
        file, _, text = block.partition(":\n")
        rows[file] = filled(text)
    return with_rows(seeds, rows)


def version(
    number: int,
    *,
    datasource: str = "sm2_thermopro",
    device: str = "",
    columns: tuple[str, ...] = (),
    path: str = "",
) -> FileVersion:
    layout = Layout(columns, "%d/%m/%Y", device)
    return FileVersion(
        number,
        datasource,
        "sm2",
        path or f"file{number}.csv",
        1,
        "",
        f"{number:064x}",
        NOON,
        "accepted",
        layout=layout,
    )


def causes(registry: Registry, holders: list[FileVersion], *texts: list[str]) -> list[Cause]:
    accounting = [
        {"building_id": holder.building_id, "source_file": holder.number, "unmapped_names": names}
        for holder, names in zip(holders, texts, strict=True)
    ]
    return list(unknown_names(registry, holders, holders, accounting))


REGISTRY = load_registry(SEEDS)


def test_two_thousand_names_in_a_file_are_one_finding_with_the_first_names_and_a_count() -> None:
    [cause] = causes(
        REGISTRY,
        [version(1, datasource="sm2_atrea")],
        [f"c{n:04d} (°C): c{n:04d} (°C)" for n in range(2000)],
    )
    assert cause.check == "unknown_column" and cause.key == "file1.csv"
    assert cause.evidence == (
        "2,000 names: c0000 (°C), c0001 (°C), c0002 (°C), c0003 (°C), c0004 (°C), … and 1,995 more; in 1 file; the cells are not published"
    )
    assert "… and 1,980 more rows" in cause.detail and "accounting.parquet" in cause.detail
    assert len(cause.detail) < 3000


def test_files_with_the_same_names_share_a_finding_and_months_of_a_file_are_added_up() -> None:
    one, two, other = (
        version(1, device="ABCD"),
        version(2, device="ABCD"),
        version(3, device="BCDE"),
    )
    found = causes(
        REGISTRY, [one, two, other], ["ABCD: a", "ABCD: b"], ["ABCD: b", "ABCD: a"], ["BCDE: a"]
    )
    assert [(cause.key, cause.evidence) for cause in found] == [
        ("file1.csv", "1 name: ABCD; in 2 files; the cells are not published"),
        ("file3.csv", "1 name: BCDE; in 1 file; the cells are not published"),
    ]
    months = [
        {"building_id": "sm2", "source_file": 1, "unmapped_names": ["ABCD: a"]},
        {"building_id": "sm2", "source_file": 1, "unmapped_names": None},
        {"building_id": "sm2", "source_file": 1, "unmapped_names": ["BCDE: a"]},
    ]
    [cause] = unknown_names(REGISTRY, [one], [one], months)
    assert cause.evidence.startswith("2 names")
    assert list(unknown_names(REGISTRY, [one], [], months)) == []


def test_an_unknown_column_of_a_known_device_is_a_column_and_its_row_is_accepted(
    seeds: Path,
) -> None:
    [cause] = causes(
        REGISTRY,
        [version(1, device="072B", columns=("Date", "Time", "CO2: (ppm"))],
        ["072B: CO2: (ppm"],
    )
    assert cause.check == "unknown_column" and "1 name: CO2: (ppm;" in cause.evidence
    assert (
        cause.detail
        == "datasource_mappings.csv:\n"
        + r"sm2_thermopro,Date+Time,{device},,CO2: \(ppm,<measurement>,ThermoPro,<value_min>,<value_max>,"
    )
    registry = pasted(seeds, cause.detail)
    assert causes(registry, [version(1, device="072B")], ["072B: CO2: (ppm"])[0].detail.startswith(
        "sensor_mappings.csv has rows that do not cover"
    )


def test_a_column_that_is_declared_and_no_measurement_is_not_unknown(seeds: Path) -> None:
    holder = version(1, device="072B", columns=("Date", "Time", "Battery"))
    assert [cause.check for cause in causes(REGISTRY, [holder], ["072B: Battery"])] == [
        "unknown_column"
    ]
    declared = with_cell(
        seeds,
        "datasources_config.csv",
        "Relative_Humidity(%),,warn",
        "Relative_Humidity(%),Battery,warn",
    )
    assert causes(declared, [holder], ["072B: Battery"]) == []
    [cause] = causes(
        declared,
        [version(2, device="ABCD", columns=("Battery", "CO2"))],
        ["ABCD: Battery", "ABCD: CO2"],
    )
    assert (
        cause.check == "unknown_sensor" and "1 name: ABCD" in cause.evidence
    )  # the device is unknown, whatever its columns


def test_a_column_that_is_ignored_is_not_unknown_though_nothing_describes_it(seeds: Path) -> None:
    holder = version(1, datasource="sm2_atrea", columns=("Date", "Status"))
    assert [cause.check for cause in causes(REGISTRY, [holder], ["Status: Status"])] == [
        "unknown_column"
    ]
    ignored = with_rows(seeds, {"sensor_mappings.csv": "sm2_atrea,Status,ignored,a text,,,,1,0,,,"})
    assert causes(ignored, [holder], ["Status: Status"]) == []


def test_a_name_whose_period_has_ended_is_not_offered_a_second_time(seeds: Path) -> None:
    text = (seeds / "sensor_mappings.csv").read_text()
    (seeds / "sensor_mappings.csv").write_text(
        text.replace(
            "sm2_thermopro,072B,mapped,,072B,SM2_05_B1_01,,1,0,,,",
            "sm2_thermopro,072B,mapped,,072B,SM2_05_B1_01,,1,0,,2026-02-01,",
        )
    )
    [cause] = causes(
        load_registry(seeds), [version(1, device="072B")], ["072B: Temperature_Celsius"]
    )
    assert (
        "072B from the beginning to 2026-02-01" in cause.detail
        and "<sensor_id>" not in cause.detail
    )


@given(name=NAMES, column=NAMES, kind=st.sampled_from(["column", "device", "narrow"]))
@example(name='a "b", c: d', column="x: y", kind="narrow")
@example(name="a\nb\r,", column="(", kind="device")
@example(name="a: a", column="", kind="column")
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_name_is_distinguished_and_its_rows_are_accepted_by_the_seeds(
    tmp_path: Path, name: str, column: str, kind: str
) -> None:
    shutil.rmtree(tmp_path / "seeds", ignore_errors=True)
    seeds = shutil.copytree(SEEDS, tmp_path / "seeds")
    if kind == "column":
        registry, holder, text = (
            REGISTRY,
            version(1, datasource="sm2_atrea", columns=("Date", name)),
            f"{name}: {name}",
        )
    elif kind == "device":
        registry, holder, text = (
            REGISTRY,
            version(1, device=name, columns=("Date", column)),
            f"{name}: {column}",
        )
    else:
        registry, holder = (
            with_rows(seeds, NARROW),
            version(1, datasource="sm2_narrow", columns=("Time", "Unit", "Kind", "Value")),
        )
        text = f"{name}/{column}: Value"
    [cause] = causes(registry, [holder], [text])
    known = {row.raw_name for row in REGISTRY.sensor_mappings}
    corrected = pasted(seeds, cause.detail)
    raw_name = f"{name}/{column}" if kind == "narrow" else name
    assert (
        raw_name in {row.raw_name for row in corrected.sensor_mappings} - known or raw_name in known
    )
    assert all(
        row.valid_from is None for row in corrected.sensor_mappings if row.raw_name == raw_name
    )
    value = {"column": name, "device": column, "narrow": "Value"}[kind]
    assert any(
        means(row.value_column, value)
        for row in corrected.mappings_of(corrected.datasource(holder.datasource_id))
    )


@given(NAMES, NAMES)
def test_a_pattern_of_a_name_matches_this_name_alone(name: str, other: str) -> None:
    assert means(pattern_of(name), name)
    assert means(pattern_of(name), other) == (name == other)


def test_duckdb_reads_the_pattern_as_python_does() -> None:
    import duckdb

    for name in ("a (b) [c] {d} ^$.*+?|\\ 1", "CO2: (ppm", "ž°/ -#&~", "(?=x)"):
        with duckdb.connect() as connection:
            found = connection.execute(
                "select regexp_full_match($name, $pattern)",
                {"name": name, "pattern": pattern_of(name)},
            ).fetchall()
        assert found == [(True,)]


def test_lineage_has_the_first_names_and_their_number() -> None:
    assert _first(set()) == {}
    found = _first({f"{n:06d}: x" for n in range(100_000)})
    assert (
        len(found["unmapped"]) == 20
        and found["unmapped"][0] == "000000: x"
        and found["unmapped_names"] == 100_000
    )
