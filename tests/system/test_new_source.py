"""What comes in without a change elsewhere: a source as rows; a kind of source, a format, an engine, a mart as one module each.

One run of `make run`'s program shows them all, in a copy of the project.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.core.settings import PROJECT_DIR
from include.monitoring.health import read_health
from tests.support.platform import Platform
from tests.support.raw_files import retouched, small_drive, thermopro, times, without_column, write

pytestmark = pytest.mark.xdist_group("new source")
ROWS = {
    "file_formats.csv": "station_csv,delimited,;,.,1,%Y-%m-%d,missing,,,,\nstub_lines,stub,|,.,1,%Y-%m-%d,missing,,,,",
    "datasources_config.csv": "sm2_station,sm2,Weather station on the roof,csv,station_csv,sm2drive:station,"
    "station_*.csv,when;device;quantity;reading,,warn,weather,UTC,,,50,5,25,1,100000,,false,active"
    "\nsm2_cellar,sm2,Another of that make,csv,station_csv,sm2drive:cellar,"
    "*.csv,when;device;quantity;reading;state,,warn,weather,UTC,,,50,5,25,1,100000,,false,active",
    "datasource_mappings.csv": "sm2_stub,when,device,quantity,reading,,Stub,-60,60,\nsm2_station,when,device,quantity,reading,,Station,-60,1200,\nsm2_cellar,when,device,quantity,reading,,Station,-60,1200,",
    "measurements.csv": "pressure,hPa,ratio,nonadditive,air pressure,",
    "building_hierarchy.csv": "sm2.roof,sm2.unknown_floor,Zone,Roof,2,,,\nsm2.ROOF,sm2.roof,Sensor,ROOF,3,,,\nsm2.CELLAR,sm2.roof,Sensor,CELLAR,3,,,\nsm2.STUB,sm2.roof,Sensor,STUB,3,,,",
    "sensor_mappings.csv": "sm2_stub,b/T,mapped,,STUB,Roof,temp_ambient,1,0,,,\nsm2_station,roof/T,mapped,,ROOF,Roof,temp_ambient,1,0,,,\nsm2_station,roof/p,mapped,,ROOF,Roof,pressure,0.01,0,,,"
    "\nsm2_cellar,a/T,mapped,,CELLAR,Roof,temp_ambient,1,0,,,",
}
LINES = """when;device;quantity;reading
2026-01-30T23:30:00;roof;T;1.5
2026-01-30T23:30:00;roof;p;98765
2026-01-31 00:30:00;roof;T;missing
2026-01-31 00:30:00;roof;p;98800
2026-01-31 00:30:00;cellar;T;9.0
"""
CELLAR = """when;device;quantity;reading;state
2026-01-31 08:00:00;a;T;4.0;fine
2026-01-31 08:10:00;a;T;5.0;fine
2026-01-31 08:20:00;a;T;9.0;fine
"""
SUMMARY = """
select datasource_id, measurement, row_count, unique_timestamps, null_count, min_value, max_value, avg_value, std_dev, expected_rows, completeness
from metric_daily_summary where source = 'Station' and local_date = '2026-01-31' order by all
"""


STUBBED = "sm2_stub,sm2,Another kind of place and of file,api,stub_lines,stub://{folder},*,when;device;quantity;reading,,warn,weather,UTC,,,50,40,50,1,9,,false,active"
STUB = """when=2026-01-31 08:00:00|device=b|quantity=T|reading=2.0
when=2026-01-31 08:30:00|device=b|quantity=T|reading=6.0
a line of something else
"""
LINES_OF_REGISTRIES = {  # file → the line that a stub adds to
    "include/sources/registry.py": (
        "SOURCES: dict[str, str] = {",
        '"stub": "include.sources.stub"',
    ),
    "include/formats/registry.py": ("FORMATS = {", '"stub": "include.formats.stub", '),
    "include/engines/registry.py": (
        "TIMESERIES = {",
        '"stub": "include.engines.timeseries.stub", ',
    ),
}


@dataclass(frozen=True)
class Extended:
    """The project with rows and stubs, after two runs."""

    platform: Platform
    run: subprocess.CompletedProcess
    again: subprocess.CompletedProcess


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Extended:
    folder = tmp_path_factory.mktemp("extended")
    project = folder / "project"
    ignored = shutil.ignore_patterns(
        ".venv", ".git", ".dbt", "data", "__pycache__", "target", "sample_data"
    )
    shutil.copytree(PROJECT_DIR, project, ignore=ignored, symlinks=True)
    shutil.copytree(
        PROJECT_DIR / "tests/support/stubs/include", project / "include", dirs_exist_ok=True
    )
    for file, (line, added) in LINES_OF_REGISTRIES.items():
        text = (project / file).read_text()
        assert line in text, file
        (project / file).write_text(text.replace(line, line + added))
    rows = {
        **ROWS,
        "datasources_config.csv": f"{ROWS['datasources_config.csv']}\n{STUBBED.format(folder=folder / 'stub')}",
    }
    for name, added in rows.items():
        with (project / "include/dbt/seeds" / name).open("a") as seed:
            seed.write(added + "\n")
    platform = Platform(folder / "drive", folder / "data")
    small_drive(platform.raw)
    write(platform.drive / "station/station_2026.csv", LINES.encode())
    write(platform.drive / "cellar/cellar_2026.csv", CELLAR.encode())
    write(folder / "stub/first", STUB.encode())
    platform.use()
    environment = {**os.environ, "PYTHONPATH": str(project), "TIMESERIES_ENGINE": "stub"}
    dbt = project / "include/dbt"
    parse = [
        Path(sys.executable).with_name("dbt"),
        "-q",
        "parse",
        "--project-dir",
        dbt,
        "--profiles-dir",
        dbt,
        "--target-path",
        project / ".dbt",
    ]
    subprocess.run(
        [*parse, "--profile", "sensor_platform", "--target", "embedded"],
        env=environment,
        check=True,
    )
    command = [sys.executable, project / "cli/run.py", "--as-of", "2026-02-04"]
    run, again = (
        subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        for _ in range(2)
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return Extended(platform, run, again)


def test_another_kind_of_source_and_of_file_an_engine_and_a_mart_are_a_module_and_a_line_each(
    extended: Extended,
) -> None:
    platform = extended.platform
    platform.use()
    version = platform.version_of("first")
    assert (version.verdict, version.rows, version.rejected) == ("accepted", 2, 1), version
    hour = "select value_mean, value_std, count from public_dataset_hourly where source = 'Stub'"
    assert platform.query(hour) == [(4.0, pytest.approx(8**0.5), 2)]
    assert (
        json.loads((platform.release.path / "run.json").read_text())["timeseries_engine"]
        == "Stub 1"
    )
    assert platform.query("select month, readings from stub_readings where source = 'Stub'") == [
        ("2026-01", 2)
    ]
    schema = json.loads((platform.release.path / "schema.json").read_text())
    assert "stub_readings.parquet" in {table["file"] for table in schema["tables"]}
    assert "stub_readings.parquet" in (platform.release.path / "SHA256SUMS").read_text()


def test_a_narrow_source_is_published_after_adding_rows(extended: Extended) -> None:
    platform, run, again = extended.platform, extended.run, extended.again
    platform.use()
    assert platform.query(
        "select timestamp::varchar, measurement, value_mean from public_dataset_hourly where source = 'Station' order by all"
    ) == [
        ("2026-01-30 23:00:00+00", "pressure", pytest.approx(987.65)),
        ("2026-01-30 23:00:00+00", "temp_ambient", 1.5),
        ("2026-01-31 00:00:00+00", "pressure", 988.0),
        ("2026-01-31 08:00:00+00", "temp_ambient", 6.0),
    ]
    # two datasources of one make, one by the hour and one by ten minutes, are two rows; the night's reading of 23:30 UTC is of the local 31st
    assert platform.query(SUMMARY) == [
        ("sm2_cellar", "temp_ambient", 3, 3, 0, 4.0, 9.0, 6.0, pytest.approx(7**0.5), 144, 3 / 144),
        (
            "sm2_station",
            "pressure",
            2,
            2,
            0,
            987.65,
            988.0,
            987.825,
            pytest.approx(0.35 / 2**0.5),
            24,
            2 / 24,
        ),
        ("sm2_station", "temp_ambient", 1, 1, 1, 1.5, 1.5, 1.5, None, None, None),
    ]
    assert (
        platform.version_of("cellar_2026.csv").findings == ()
    )  # its texts are declared and no measurement: neither unknown nor in quarantine
    unknown = [
        (cause.check, cause.sources)
        for cause in read_health(platform.settings)
        if cause.check.startswith("unknown")
    ]
    assert unknown == [("unknown_sensor", ("sm2_station",))]
    assert "1 empty + 4 unmapped" in run.stdout, run.stdout
    assert "(published)" in run.stdout and "sync_building_hierarchy" in run.stdout
    assert "(nothing new" in again.stdout and "sync_building_hierarchy" not in again.stdout, (
        again.stdout
    )  # nobody would wake it


def test_a_check_may_be_skipped_for_one_run_with_a_reason_that_stands_in_the_lineage(
    new_platform,
) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    path = thermopro(platform.raw, "050D", times("2026-01-31 00:00", 48))
    without_humidity = retouched(path, without_column(3))
    platform.run("2026-02-04")
    assert [reason.split(":")[0] for reason in platform.version_of(path).reasons] == [
        "required_columns"
    ]
    platform.run(
        "2026-02-04", skip_checks=["required_columns"], skip_reason="the sensor has no humidity"
    )
    assert platform.version_of(without_humidity).verdict == "accepted"
    assert (
        "required_columns: the sensor has no humidity"
        in (platform.release.path / "lineage.json").read_text()
    )
    assert platform.query("select count(*) from public_dataset_raw where sensor_id = '050D'") == [
        (48,)
    ]


def test_a_skipped_check_needs_a_reason(new_platform) -> None:
    platform = new_platform()
    small_drive(platform.raw)
    platform.run("2026-02-04", only="refresh", skip_checks=["row_count"])
    assert platform.states["refresh"] == "failed"
    assert platform.ledger.versions == ()
