"""The owners' weather and air quality are rows already: they begin with their `status`, and with nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from include.core.rclone import RemoteFile
from include.sources.registry import SOURCES
from tests.support.platform import Platform
from tests.support.raw_files import small_drive, write
from tests.support.stubs.include.sources.stub import Stub

AIR = """time,location,pm25,co2
2026-02-01 00:00:00,SM2,12.5,415
2026-02-01 01:00:00,SM2,501,417
2026-02-01 02:00:00,SM2,,418
"""
WEATHER = [
    {
        "timestamp": "2026-02-01T00:00:00",
        "location": "SM2",
        "temperature_k": 273.65,
        "humidity": 80,
    },
    {"timestamp": "2026-02-01T01:00:00", "location": "SM2", "temperature_k": 199.5, "humidity": 81},
]


class Downloaded(Stub):
    """What lies at the address, as files: an API is not asked yet."""

    folder = Path()

    def list(self, location: str, **options: Any) -> list[RemoteFile]:
        assert location == "https://api.openweathermap.org"
        return super().list(f"stub://{Downloaded.folder}", **options)

    def fetch(self, location: str, folder: Path, paths: Any) -> None:
        super().fetch(f"stub://{Downloaded.folder}", folder, paths)


SOURCE = Downloaded()


@pytest.mark.xdist_group("seeds")
def test_weather_and_air_quality_begin_when_their_status_says_so(
    new_platform, seeds: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    platform: Platform = new_platform()
    small_drive(platform.raw)
    write(platform.drive / "AirQuality/Latest/air_quality_2026-02.csv", AIR.encode())
    write(tmp_path / "openweather/weather_2026-02-01.json", json.dumps(WEATHER, indent=1).encode())
    monkeypatch.setitem(SOURCES, "https", "tests.system.test_planned_sources")
    monkeypatch.setattr(
        "tests.system.test_planned_sources.Downloaded.folder", tmp_path / "openweather"
    )
    platform.publish("2026-02-03")
    planned = "select count(*) from dim_sensor where source in ('OpenWeather', 'AirQuality')"
    assert platform.query(planned) == [(0,)]
    assert platform.query("select count(*) from dim_measurement") == [(6,)]
    rows = (seeds / "datasources_config.csv").read_text()
    assert rows.count(",planned\n") == 2
    (seeds / "datasources_config.csv").write_text(rows.replace(",planned\n", ",active\n"))
    platform.run("2026-02-04", only="refresh").run("2026-02-04", only="sync_building_hierarchy")
    platform.run("2026-02-04", only="aggregate_and_publish")
    assert platform.states["refresh"] == platform.states["aggregate_and_publish"] == "success"
    found = platform.query(
        "select source, location, measurement, value, quality from public_dataset_raw"
        " where source in ('OpenWeather', 'AirQuality') order by all"
    )
    assert found == [
        ("AirQuality", "sm2_01", "co2", 415.0, "ok"),
        ("AirQuality", "sm2_01", "co2", 417.0, "ok"),
        ("AirQuality", "sm2_01", "co2", 418.0, "ok"),
        ("AirQuality", "sm2_01", "pm25", 12.5, "ok"),
        ("AirQuality", "sm2_01", "pm25", 501.0, "outlier"),
        ("OpenWeather", "sm2_01", "humidity_outdoor", 80.0, "ok"),
        ("OpenWeather", "sm2_01", "humidity_outdoor", 81.0, "ok"),
        ("OpenWeather", "sm2_01", "temperature_k", 199.5, "outlier"),
        ("OpenWeather", "sm2_01", "temperature_k", 273.65, "ok"),
    ]
    nodes = "select name from public_dataset_hierarchy where name in ('WEATHER', 'AIR') order by 1"
    assert platform.query(nodes) == [("AIR",), ("WEATHER",)]
