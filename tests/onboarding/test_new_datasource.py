"""From a sample to rows: what is found, what is said, and what is refused."""

import argparse
import io
from pathlib import Path

import pytest
from rich.console import Console

from cli import diff_datasource, new_building, new_datasource
from include.core.errors import ConfigurationError
from include.core.settings import Settings
from include.onboarding.describe import place_in, plain, quantity_of, unit_of
from include.registry import load_registry
from tests.support.samples import KINDS, Kind


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
    with pytest.raises(ConfigurationError, match="already"):
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
        (b"time,xyz\n2026-01-01 00:00,1\n2026-01-01 01:00,2\n", (), "nothing says what the values"),
        (b"time,temp\n2026-01-01 00:00,1\n", ("--measure", "temp"), "does not name a measurement"),
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
    with pytest.raises(ConfigurationError, match="already"):
        new_building.add(settings, chosen)
    with pytest.raises(ConfigurationError, match="which building"):
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
    with pytest.raises(ConfigurationError, match="no datasource reads"):
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
