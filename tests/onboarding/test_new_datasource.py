"""From a sample to rows: what is found, what is said, and what is refused."""

import argparse
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from cli import diff_datasource, new_building, new_datasource
from include.core import files
from include.core.errors import ConfigurationError
from include.core.settings import Settings
from include.onboarding.describe import place_in, plain, quantity_of, unit_of
from include.registry import load_registry
from tests.support.samples import KINDS, Kind
from tests.support.workbooks import serial, xlsx


@pytest.fixture
def settings(seeds: Path) -> Settings:
    found = Settings.from_environment()
    assert found.seeds_dir == seeds
    return found


def add(settings: Settings, file: Path, *options: str) -> str:
    console = Console(record=True, width=200, file=io.StringIO())
    new_datasource.add(settings, new_datasource.parser().parse_args([str(file), *options]), console)
    return console.export_text()


def written(folder: Path, kind: Kind) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / kind.name).write_bytes(kind.make())
    return folder / kind.name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_sample_is_added_and_then_is_what_its_datasource_declares(
    settings: Settings, tmp_path: Path, kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = written(tmp_path, kind)
    said = add(settings, sample, "--timezone", kind.timezone, *kind.options)
    assert "Range     2026-01-30 00:00 to 2026-01-31 23:30 UTC" in said
    registry = load_registry(settings.seeds_dir)
    assert registry.wrong == {}
    assert diff_datasource.diff(settings, sample) in (
        diff_datasource.SAME,
        diff_datasource.DIFFERENT,
    )
    assert ": accepted" in capsys.readouterr().out
    with pytest.raises(ConfigurationError, match="already exists"):
        add(settings, sample)


def test_nothing_is_written_where_it_is_only_shown(settings: Settings, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in settings.seeds_dir.glob("*.csv")}
    assert "--dry-run" in add(settings, written(tmp_path, KINDS[0]), "--dry-run")
    assert {path.name: path.read_bytes() for path in settings.seeds_dir.glob("*.csv")} == before


@pytest.mark.parametrize(
    ("content", "options", "what"),
    [
        (b"", (), "cannot be read"),
        (b"just a text\nof two lines\n", (), "cannot be read"),
        (b"a,b\n1,2\n3,4\n", (), "no column holds times"),
        (b"time,state\n2026-01-01 00:00,on\n2026-01-01 01:00,off\n", (), "no column holds numbers"),
        (b"time,xyz\n2026-01-01 00:00,1\n2026-01-01 01:00,2\n", (), "unknown measurement"),
        (b"time,temp\n2026-01-01 00:00,1\n", ("--measure", "temp"), "invalid measurement"),
        (b"time,temp\n2026-01-01 00:00,1\n", ("--building", "nowhere"), "'nowhere'"),
        (b"time,temp\n2026-01-01 00:00,1\n", ("--timezone", "Prague"), "timezone"),
        (b"time,f\n2026-01-01 00:00,1\n", ("--measure", "f=co2:kWh"), "measure different things"),
        (b"time,temp\n05/01/2026 00:00,1\n", (), "ambiguous dates"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_is_written(
    settings: Settings, tmp_path: Path, content: bytes, options: tuple[str, ...], what: str
) -> None:
    before = {path.name: path.read_bytes() for path in settings.seeds_dir.glob("*.csv")}
    sample = tmp_path / "sample.csv"
    sample.write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        add(settings, sample, *options)
    assert what in str(refused.value) and refused.value.cure
    assert {path.name: path.read_bytes() for path in settings.seeds_dir.glob("*.csv")} == before


def test_a_person_says_what_a_name_does_not(settings: Settings, tmp_path: Path) -> None:
    sample = tmp_path / "meter.csv"
    sample.write_bytes(b"time;xyz;dB\n2026-01-01 00:00;1,5;30\n2026-01-01 01:00;2,5;31\n")
    add(
        settings,
        sample,
        "--measure",
        "xyz=inflow:l/min",
        "--measure",
        "dB=noise",
        "--place",
        "Roof",
    )
    registry = load_registry(settings.seeds_dir)
    units = {row.measurement: row.unit for row in registry.measurements}
    assert units["inflow"] == "L/min" or units["inflow"] == "l/min"
    assert {row.location for row in registry.sensor_mappings if row.datasource_id == "meter"} == {
        "Roof"
    }


def test_a_building_is_added_and_a_source_to_it(settings: Settings, tmp_path: Path) -> None:
    chosen = argparse.Namespace(
        id="home", name="", timezone="Asia/Kathmandu", licence="CC-BY-4.0", retention_months="2"
    )
    new_building.add(settings, chosen)
    with pytest.raises(ConfigurationError, match="already exists"):
        new_building.add(settings, chosen)
    with pytest.raises(ConfigurationError, match="the building is ambiguous"):
        add(settings, written(tmp_path, KINDS[0]))
    add(settings, written(tmp_path, KINDS[0]), "--building", "home")
    registry = load_registry(settings.seeds_dir)
    assert registry.wrong == {}
    assert registry.datasource("narrow_utc").timezone == "Asia/Kathmandu"


def test_a_file_that_differs_is_shown_beside_what_is_declared(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = written(tmp_path, KINDS[0])
    add(settings, sample, "--timezone", "UTC")
    sample.write_bytes(sample.read_bytes().replace(b"cellar,temp", b"cellar2,temp"))
    assert diff_datasource.diff(settings, sample) == diff_datasource.DIFFERENT
    said = capsys.readouterr().out
    assert "narrow_utc,cellar2/temperature,mapped,,<sensor_id>,<location>,<measurement>" in said
    with pytest.raises(ConfigurationError, match="matches no datasource"):
        diff_datasource.diff(settings, written(tmp_path / "other", KINDS[1]))


@pytest.mark.parametrize(
    ("name", "quantity", "unit", "place"),
    [
        ("Bad Feuchte (%)", "humidity_indoor", "%", "bad"),
        ("temperature_2m", "temp_ambient", "", ""),
        ("KOT1/Teplota venkovní (°C)", "temp_ambient", "°C", "kot1"),
        ("living_room_temp_f", "temp_indoor", "°F", "living_room"),
        ("CO₂ [ppm]", "co2", "ppm", ""),
        ("Relative Humidity(%)", "humidity_indoor", "%", ""),
        ("status", "", "", "status"),
    ],
)
def test_a_name_says_quantity_unit_and_place(
    name: str, quantity: str, unit: str, place: str
) -> None:
    found = quantity_of(name)
    assert (found["measurement"] if found else "") == quantity
    assert unit_of(name, found) == unit
    assert place_in(name) == place, plain(name)


def rows_of(settings: Settings, datasource_id: str) -> dict[str, tuple[str, str]]:
    """Raw name → sensor, or why it is ignored, and unit."""
    registry = load_registry(settings.seeds_dir)
    columns = {row.value_column: row.unit for row in registry.datasource_mappings}
    return {
        row.raw_name: (row.sensor_id or row.reason, row.unit or columns.get(row.raw_name, ""))
        for row in registry.sensor_mappings
        if row.datasource_id == datasource_id
    }


HOURS = [f"2026-01-05 {hour:02}:00" for hour in range(24)]


@pytest.mark.parametrize(
    ("header", "line", "options", "expected"),
    [
        (
            "time,Temperature 1,Temperature 2",
            "{at},20,21",
            (),
            {"Temperature 1": ("temperature_1", ""), "Temperature 2": ("temperature_2", "")},
        ),
        (
            "time,T1 (°F),T2 (°F)",
            "{at},68,70",
            ("--measure", "T1 (°F)=temp_indoor", "--measure", "T2 (°F)=temp_indoor"),
            {"T1 (°F)": ("t1", "°F"), "T2 (°F)": ("t2", "°F")},
        ),
        (
            "time,temperature,Battery (V)",
            "{at},20,3.7",
            (),
            {
                "temperature": ("sample", ""),
                "Battery (V)": ("V is not a unit of battery", ""),
            },
        ),
        (
            "time,device,measurement,unit,value",
            "{at},hall,temperature,°F,68",
            (),
            {"hall/temperature": ("hall", "°F")},
        ),
        ("time,temperature,unit", "{at},68,°F", (), {"temperature": ("sample", "°F")}),
        (
            "time,entity,state,unit",
            "{at},hall_temperature,68,°F\n{at},hall_humidity,40,%",
            (),
            {
                "hall_temperature": ("hall_temperature", "°F"),
                "hall_humidity": ("hall_humidity", "%"),
            },
        ),
        (
            "time;rh",
            "{at};{comma}",
            (),
            {"rh": ("sample", "")},
        ),
    ],
)  # fmt: skip
def test_what_the_file_says_is_written(
    settings: Settings,
    tmp_path: Path,
    header: str,
    line: str,
    options: tuple[str, ...],
    expected: dict,
) -> None:
    sample = tmp_path / "sample.csv"
    commas = ["45"] * 9 + ["45,5"]
    lines = [line.format(at=at, comma=commas[n % 10]) for n, at in enumerate(HOURS)]
    sample.write_text("\n".join([header, *lines, ""]))
    said = add(settings, sample, *options)
    assert rows_of(settings, "sample") == expected
    assert f"{24 * len(line.splitlines())} lines, 0 rejected" in said


@pytest.mark.parametrize(
    ("content", "options", "what"),
    [
        ("time,f\n{0},1\n{1},2\n", ("--measure", "f=rain:0.2 mm"), "unit"),
        ("time,temp\n05-01-24 10:00,20\n06-01-24 10:00,21\n", (), "ambiguous dates"),
        ("time,temp,quality\n{0},20,ok\n{0},21,ok\n", (), "duplicate timestamps"),
        ("time,name,status,temperature_x\n{0},a,0,20\n{0},b,0,21\n", ("--value", "nothing"), "unknown column 'nothing'"),
        ("time,kind,unit,value\n{0},temp,°F,68\n{1},temp,°C,20\n", (), "several units for one measurement"),
        ("time,device,temp,co2,unit\n{0},a,20,400,°C\n{1},a,20,400,°C\n", (), "a column of units"),
        ("time,temp\n2099-01-01 00:00,20\n", (), "the sample is rejected"),
        ("Date,Time,Temperature_Celsius\n{0},20,1\n", ("--location", "sm2drive:"), "where the platform writes"),
    ],
)  # fmt: skip
def test_what_the_file_leaves_open_is_refused(
    settings: Settings, tmp_path: Path, content: str, options: tuple[str, ...], what: str
) -> None:
    sample = tmp_path / "sample.csv"
    sample.write_text(content.format(*HOURS))
    before = {path.name: path.read_bytes() for path in settings.seeds_dir.glob("*.csv")}
    with pytest.raises(ConfigurationError) as refused:
        add(settings, sample, *options)
    assert what in str(refused.value)
    assert {path.name: path.read_bytes() for path in settings.seeds_dir.glob("*.csv")} == before


def test_a_pattern_that_takes_the_files_of_another_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    sample = tmp_path / "Graph_2026-02.csv"
    sample.write_text("\n".join(["time,temp", *(f"{at},20" for at in HOURS), ""]))
    folder = "sm2drive:Vzduchotechnika/Latest/Upload"
    with pytest.raises(ConfigurationError, match=r"sm2_atrea also reads Graph_2026-02\.csv"):
        add(settings, sample, "--location", folder)


def test_an_address_is_added_with_what_is_asked_of_it(settings: Settings, tmp_path: Path) -> None:
    (kind,) = (kind for kind in KINDS if kind.name == "open_meteo.json")
    sample = written(tmp_path, kind)
    address = "https://example.org/v1/archive?hourly=temperature_2m&start_date={start}&key={key}"
    options = ("--id", "meteo", "--timezone", "UTC", "--location", address, "--window", "month")
    with pytest.raises(ConfigurationError, match=r"the query has \{key\}"):
        add(settings, sample, *options)
    add(settings, sample, *options, "--first", "2026-01-01", "--connection", "mine")
    registry = load_registry(settings.seeds_dir)
    datasource = registry.datasource("meteo")
    assert not registry.wrong and datasource.is_asked and datasource.status == "active"
    assert (datasource.location, datasource.file_pattern) == ("https://example.org", "meteo_*.json")
    (asked,) = registry.requests_of(datasource)
    assert (asked.file, asked.path, asked.window) == ("meteo_{window}.json", "v1/archive", "month")
    assert asked.query == address.partition("?")[2] and asked.connection == "mine"


def test_a_workbook_with_date_and_time_apart_is_read_by_the_hour(
    settings: Settings, tmp_path: Path
) -> None:
    sample = tmp_path / "log.xlsx"
    rows = [[serial(46027, 1), serial(hour / 24, 3), 20 + hour / 10] for hour in range(24)]
    sample.write_bytes(xlsx([["Date", "Time", "Temperature"], *rows]))
    said = add(settings, sample, "--timezone", "UTC")
    assert "Range     2026-01-05 00:00 to 2026-01-05 23:00 UTC, 24 lines" in said


def test_units_and_zone_beside_parallel_lists_are_used(settings: Settings, tmp_path: Path) -> None:
    sample = tmp_path / "forecast.json"
    hourly = {"time": [at.replace(" ", "T") for at in HOURS], "temperature_2m": [50.0] * 24}
    hourly["wind_speed_10m"] = [36.0] * 24
    units = {"time": "iso8601", "temperature_2m": "°F", "wind_speed_10m": "km/h"}
    document = {"timezone": "GMT", "hourly_units": units, "hourly": hourly}
    sample.write_text(json.dumps(document))
    said = add(settings, sample)
    assert "Range     2026-01-05 00:00 to 2026-01-05 23:00 UTC" in said
    found = rows_of(settings, "forecast")
    assert found == {
        "temperature_2m": ("forecast", "°F"), "wind_speed_10m": ("wind_speed_10m", "km/h"),
    } or {unit for _, unit in found.values()} == {"°F", "km/h"}  # fmt: skip


def test_a_kill_between_the_seeds_leaves_valid_ones(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = written(tmp_path, KINDS[3])
    before = {path: path.read_bytes() for path in settings.seeds_dir.glob("*.csv")}
    for step in range(1, 6):
        for path, content in before.items():
            path.write_bytes(content)
        calls = iter(range(1, 100))

        def fail(operation: str, path: Path, at: int = step, calls=calls) -> None:
            if path.parent == settings.seeds_dir and next(calls) > at:
                raise OSError(28, "full")

        with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
            patch.setattr(files, "changing", fail)
            add(settings, sample, "--id", f"step{step}")
        assert load_registry(settings.seeds_dir).wrong == {}, step
