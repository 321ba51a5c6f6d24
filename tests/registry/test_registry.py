"""Seeds that contradict themselves stop everything, and say where and what to do."""

import re
import shutil
from pathlib import Path

import pytest

from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR
from include.registry import load_registry

SEEDS = PROJECT_DIR / "include/dbt/seeds"


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    return shutil.copytree(SEEDS, tmp_path / "seeds")


def error_in(seeds: Path) -> ConfigurationError:
    try:
        return load_registry(seeds).wrong["sm2"][0]
    except ConfigurationError as error:  # of a seed that all buildings share
        return error


def test_the_seeds_of_the_project_are_right() -> None:
    registry = load_registry(SEEDS)
    mapped = [row for row in registry.sensor_mappings if row.disposition == "mapped"]
    assert [row.raw_name for row in registry.sensor_mappings if row.disposition == "ignored"] == [
        "KOT2/Teplota venkovní (°C)",
        "KOT3/Teplota venkovní (°C)",
    ]
    assert "DC0C" in {row.raw_name for row in mapped}
    assert "DCOC" not in {row.raw_name for row in mapped}
    assert [row.location for row in mapped if row.raw_name.startswith("KOT1/Teplota")] == ["sm2_01"]
    assert {source.datasource_id: source.status for source in registry.datasources} == {
        "sm2_atrea": "active", "sm2_thermopro": "active", "sm2_weather": "planned", "sm2_air_quality": "planned", "sm2_weather_archive": "planned",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "cure"),
    [
        ("buildings_config.csv", "Europe/Prague", "Europe/Praha", "buildings_config.csv, line 2, column timezone", "correct the cell"),
        ("buildings_config.csv", ",2,CC", ",two,CC", "buildings_config.csv, line 2, column retention_months", "correct the cell"),
        ("buildings_config.csv", "publish,,", "publish,daily,", "buildings_config.csv, line 2, column schedule", "correct the cell"),
        ("buildings_config.csv", "publish,,", "publish,,jana", "buildings_config.csv, line 2, column notify", "correct the cell"),
        ("buildings_config.csv", "publish,,,active,", "publish,,,active,Czechia", "buildings_config.csv, line 2, column country", "correct the cell"),
        ("fact_columns.csv", "sensors\n", "sensors\nsm2,environment,warmth,temp_indoor,\n", "fact_columns.csv, line 2, column column", "correct the cell"),
        ("fact_columns.csv", "sensors\n", "sensors\nsm2,environment,temperature_c,humidity_indoor,\n", "fact_columns.csv, line 2, column measurement", "unit can become Cel"),
        ("fact_columns.csv", "sensors\n", "sensors\nsm2,energy,energy_kwh,temp_indoor,\n", "fact_columns.csv, line 2, column measurement", "name a counter or a rate"),
        ("fact_columns.csv", "sensors\n", "sensors\nsm2,energy,power_w,electricity,\n", "fact_columns.csv, line 2, column measurement", "use one of"),
        ("fact_columns.csv", "sensors\n", "sensors\nsm2,environment,is_outdoor,temp_ambient,*/x\n", "fact_columns.csv, line 2, column sensors", "leave the cell empty"),
        ("tariffs.csv", "kwh\n", "kwh\nsm2,PRE,2026-01-01,,,22:00,06:00,0.2\n", "tariffs.csv, line 2, column to_time", "correct the cell"),
        ("tariffs.csv", "kwh\n", "kwh\nsm2,PRE,2026-01-01,,12345,,,0.2\nsm2,EON,2026-06-01,,5,20:00,24:00,0.3\n", "tariffs.csv, line 3, column valid_from", "end one where the other begins"),
        ("tariffs.csv", "kwh\n", "kwh\nsm3,PRE,2026-01-01,,,,,0.2\n", "tariffs.csv, line 2, column building_id", "use one of"),
        ("forecasts.csv", "status\n", "status\nx,sm3,temp_indoor,,,,,48,4,active\n", "forecasts.csv, line 2, column building_id", "use one of"),
        ("forecasts.csv", "status\n", "status\nx,sm2,temp_indor,,,,,48,4,active\n", "forecasts.csv, line 2, column measurement", "use one of"),
        ("register_keys.csv", ",key\n", ",key\nsm2,sm2.9NP,rooms,1\n", "register_keys.csv, line 2, column node_id", "name an id of building_hierarchy.csv"),
        ("register_keys.csv", ",key\n", ",key\nsm2,sm2.1NP,rooms,1\n", "register_keys.csv, line 2, column table", "use one of: none"),
        ("register_references.csv", "power_column\n", "power_column\nsm2,profiles,rooms,id,time,power\n", "register_references.csv, line 2, column table", "use one of: none"),
        ("grants.csv", "reason\n", "reason\nuser:jana,place,sm2.9NP,read,x\n", "grants.csv, line 2, column scope_id", "building_hierarchy.csv"),
        ("grants.csv", "reason\n", "reason\nuser:jana,building,sm3,read,x\n", "grants.csv, line 2, column scope_id", "name an id of buildings_config.csv"),
        ("grants.csv", "reason\n", "reason\njana,building,sm2,read,x\n", "grants.csv, line 2, column principal", "correct the cell"),
        ("grants.csv", "reason\n", "reason\nuser:jana,building,sm2,write,x\n", "grants.csv, line 2, column right", "correct the cell"),
        ("publications.csv", "public_dataset,", "all,", "publications.csv, column publication_id", "restore it from git"),
        ("publications.csv", ",*,,,public", ",*,,,restricted", "publications.csv, line 2, column access", "in a row of their own"),
        ("publications.csv", "public,active\n", "public,active\nflats,Flats,sm2,,,restricted,active\n", "publications.csv, line 3, column location", "only its readers"),
        ("publications.csv", ",*,,,public,active\n", ",sm2,,,public,active\nflats,Flats,s*,a:b,,restricted,active\n", "publications.csv, line 2, column buildings", "one of the two"),
        ("publications.csv", "public,active\n", "public,active\none,One,x,a:b,,public,active\ntwo,Two,y,a:b/,,public,active\n", "publications.csv, line 4, column location", "of its own"),
        ("http_requests.csv", "start_date={start}", "start_date={start:%Y}", "http_requests.csv, line 3, column query", "correct the cell"),
        ("http_requests.csv", '"latitude=', '"?latitude=', "http_requests.csv, line 3, column query", "correct the cell"),
        ("http_requests.csv", ",month,2024-01-01,7,,", ",day,2024-01-01,7,,\nsm2_weather_archive,archive_{window}-15.json,v1,,month,,0,,", "http_requests.csv, line 3, column file", "give each request other names"),
        ("datasources_config.csv", "https://archive-api.open-meteo.com", "https://me:s3cret@host", "datasources_config.csv, line 6, column location", "correct the cell"),
        ("datasources_config.csv", "https://archive-api.open-meteo.com", "https://host/x?k=1", "datasources_config.csv, line 6, column location", "correct the cell"),
        ("http_requests.csv", "start_date={start}", "start_date={begin}", "http_requests.csv, line 3, column query", "correct the cell"),
        ("http_requests.csv", "archive_{window}.json", "old_{window}.json", "http_requests.csv, line 3, column file", "make the two agree"),
        ("http_requests.csv", ",month,2024-01-01,7,,", ",month,2024-01-01,7,link,", "http_requests.csv, line 3, column file", "let it end with .zip"),
        ("http_requests.csv", ",0,,openweather", ",0,,", "http_requests.csv, line 2, column connection", "name Airflow's connection"),
        ("http_requests.csv", "sm2_weather,weather", "sm2_atrea,weather", "http_requests.csv, line 2, column datasource_id", "remove the row"),
        ("buildings_config.csv", "building_id,name", "id,name", "buildings_config.csv, line 1", "they must be building_id,name"),
        ("datasources_config.csv", "sm2_atrea,sm2,", "sm2_atrea,sm3,", "datasources_config.csv, line 2, column building_id", "use one of: sm2"),
        ("datasources_config.csv", "atrea_csv", "atrea", "datasources_config.csv, line 2, column format", "use one of: air_quality_csv, atrea_csv"),
        ("datasources_config.csv", "Graph*.csv", r"Graph.*\.csv", "datasources_config.csv, line 2, column file_pattern", "correct the cell"),
        ("datasources_config.csv", "Graph*.csv", "regex:Graph(", "datasources_config.csv, line 2, column file_pattern", "correct the cell"),
        ("datasource_mappings.csv", "ThermoPro,0,100", "ThermoPro,100,0", "datasource_mappings.csv, line 4, column value_min", "swap them"),
        ("datasource_mappings.csv", "humidity_indoor", "humidity", "datasource_mappings.csv, line 4, column measurement", "use one of: co2, "),
        ("datasource_mappings.csv", "Date+Time,{device},,Relative", "Date,{device},,Relative", "datasource_mappings.csv, line 4, column timestamp_column", "make them equal"),
        ("datasource_mappings.csv", "sm2_atrea,Date,", "sm2_atrea,{midnight},", "datasource_mappings.csv, line 2, column timestamp_column", "correct the cell"),
        ("measurements.csv", "temp_waste,Cel", "temp_waste,degC", "measurements.csv, line 6, column unit", "use a UCUM unit"),
        ("measurements.csv", "temp_waste", "temp_fresh", "measurements.csv, line 6, column measurement", "remove one of them"),
        ("measurements.csv", "Humidity_Sensor,,,1", "Humidity_Sensor,counter,sum\nsum,%,ratio,additive,sum,,amount", "datasource_mappings.csv, line 4, column max_per_hour", "write the most that it can count in an hour, in %"),
        ("measurements.csv", "Humidity_Sensor,,,1", "Humidity_Sensor,event,temp_waste\nx,%,ratio,additive,sum,,event,temp_indoor", "measurements.csv, line 7, column amount", "name the measurement that its amounts"),
        ("measurements.csv", "PM2.5_Level_Sensor", "PM2.5_Level_Sensor,meter", "measurements.csv, line 10, column kind", "correct the cell"),
        ("measurements.csv", "Humidity_Sensor,,,1", "Humidity_Sensor,counter,water", "measurements.csv, line 7, column amount", "name the measurement that its amounts"),
        ("measurements.csv", "Humidity_Sensor,,,1", "Humidity_Sensor,,temp_indoor", "measurements.csv, line 7, column amount", "empty the cell, or name the kind that it is"),
        ("measurements.csv", "Humidity_Sensor,,,1", "Humidity_Sensor,rate,rain\nrain,mm,ratio,additive,rain,,amount", "measurements.csv, line 7, column amount", "give rain a unit of what humidity_indoor adds up to"),
        ("measurements.csv", "Humidity_Sensor,,,1", "Humidity_Sensor,event,sum\nsum,%,ratio,additive,sum,,amount\nother,%,ratio,additive,other,,counter,sum", "column amount", "give each its own"),
        ("measurements.csv", "temp_indoor,Cel", "temp_sum,Cel,interval,additive,sum,,amount\ntemp_count,Cel,interval,additive,sum,,event,temp_indoor\ntemp_indoor,Cel", "measurements.csv, line 5, column amount", "name the measurement that its amounts"),
        ("sensor_mappings.csv", "sm2_thermopro,050D", "sm2_thermo,050D", "column datasource_id", "use one of: sm2_air_quality"),
        ("sensor_mappings.csv", "sm2_thermopro,050D", "sm2_thermopro,072B", "column valid_from", "close the earlier row"),
        ("sensor_mappings.csv", "outdoor air at controller 2; the public dataset takes controller 1 for the whole building", "", "column reason", "say why"),
        ("file_checks.csv", "sm2_atrea,null_pct,,5", "sm2_atrea,null_pct,,", "file_checks.csv, line 2, column maximum", "give one, or both"),
        ("file_checks.csv", "100,100000", "100000,100", "file_checks.csv, line 3, column minimum", "swap them"),
        ("hand_over_files.csv", "Model/fact.csv", "../fact.csv", "hand_over_files.csv, line 2, column file", "correct the cell"),
        ("hand_over_files.csv", "Model/fact.csv", "releases/fact.csv", "hand_over_files.csv, line 2, column file", "correct the cell"),
        ("hand_over_files.csv", "Model/fact.csv", "public_dataset.parquet", "hand_over_files.csv, line 2, column file", "correct the cell"),
        ("hand_over_files.csv", "Model/fact.csv", "Model/fact.csv.bak", "hand_over_files.csv, line 2, column file", "correct the cell"),
        ("location_map.csv", "sm2,SM2_02_L1_01", "sm2,SM2_01_L1_01", "location_map.csv, line 3, column location", "remove one of them"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_with_file_line_column_and_cure(
    seeds: Path, file: str, old: str, new: str, where: str, cure: str
) -> None:
    text = (seeds / file).read_text()
    assert old in text
    (seeds / file).write_text(text.replace(old, new, 1))
    error = error_in(seeds)
    assert where in error.where
    assert cure in error.cure


def test_a_missing_seed_is_named(seeds: Path) -> None:
    (seeds / "measurements.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"measurements\.csv is missing"):
        load_registry(seeds)


def test_a_row_with_too_many_cells_is_named(seeds: Path) -> None:
    with (seeds / "measurements.csv").open("a") as file:
        file.write("co2,[ppm],ratio,nonadditive,carbon dioxide, of a room,,,,\n")
    with pytest.raises(ConfigurationError, match="more or fewer cells"):
        load_registry(seeds)


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("Graph*.csv", "Graph_01.csv", True),
        ("Graph*.csv", "Graph_01.csv.gz", False),
        ("Graph*.csv", "Graphxcsv", False),
        ("room (?).csv", "room (1).csv", True),
        ("[a]*.csv", "a1.csv", False),
        (r"regex:Graph_\d+\.csv", "Graph_01.csv", True),
    ],
)
def test_a_file_pattern_is_a_glob_or_a_regex(pattern: str, name: str, matches: bool) -> None:
    row = load_registry(SEEDS).datasources[0]
    regex = row.model_copy(update={"file_pattern": pattern}).file_regex
    assert bool(re.fullmatch(regex, name)) is matches


@pytest.mark.parametrize(
    "place", ["pub:", "pub:Public", "pub:Public/flats/", "pub:Public/publications/open/x"]
)
def test_a_restricted_publication_is_not_written_where_the_public_reads(
    seeds: Path, place: str
) -> None:
    with (seeds / "publications.csv").open("a") as file:
        file.write("open,Open,x,,,public,active\n")
        file.write(f"flats,Flats,sm2,{place},,restricted,active\n")
    registry = load_registry(seeds)
    with pytest.raises(ConfigurationError, match="inside of a public place or around one"):
        registry.check_locations("state:", "pub:Public")
    registry.check_locations("state:", "other:Public")


def test_a_registry_of_some_buildings_has_nothing_of_others(seeds: Path) -> None:
    with (seeds / "buildings_config.csv").open("a") as file:
        file.write("annex,The annex,Europe/Lisbon,,,2,CC-BY-4.0,publish,,,active\n")
    registry = load_registry(seeds)
    annex, sm2 = registry.only(["annex"]), registry.only(["sm2"])
    assert [row.building_id for row in annex.buildings] == ["annex"]
    assert not (annex.datasources or annex.sensor_mappings or annex.locations or annex.file_checks)
    assert "temp_indoor" not in {row.measurement for row in annex.measurements}
    assert sm2.measurements == registry.measurements
    assert sm2.of_all is registry
    assert sm2.fingerprint_of("sm2") == registry.fingerprint_of("sm2")
