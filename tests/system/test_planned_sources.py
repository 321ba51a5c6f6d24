"""The owners' weather and air quality are rows already: they begin with their `status`, and an address with its key."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.http_server import Answer, Asked, serving
from tests.support.platform import Platform
from tests.support.raw_files import small_drive, write

AIR = """time,location,pm25,co2
2026-02-01 00:00:00,SM2,12.5,415
2026-02-01 01:00:00,SM2,501,417
2026-02-01 02:00:00,SM2,,418
"""


def current(asked: Asked) -> Answer:
    """The weather of now, as OpenWeather answers: kelvin, and seconds since 1970."""
    assert (asked.path, asked.query["appid"]) == ("/data/2.5/weather", "k3y-0f-weather")
    answer = {
        "coord": {"lon": float(asked.query["lon"]), "lat": float(asked.query["lat"])},
        "weather": [{"id": 800, "main": "Clear"}],
        "main": {"temp": 273.65, "pressure": 1023, "humidity": 80},
        "dt": int(datetime(2026, 2, 4, 6, tzinfo=UTC).timestamp()),
        "name": "Prague",
    }
    return Answer(json.dumps(answer).encode())


def archive(asked: Asked) -> Answer:
    """The weather of a period, as Open-Meteo answers: lists side by side; the last hours are not known yet."""
    start = datetime.fromisoformat(asked.query["start_date"])
    hours = 24 * ((datetime.fromisoformat(asked.query["end_date"]) - start).days + 1)
    times = [f"{start + timedelta(hours=hour):%Y-%m-%dT%H:%M}" for hour in range(hours)]
    hourly = {
        "time": times,
        "temperature_2m": [-0.5] * (hours - 5) + [None] * 5,
        "relative_humidity_2m": [81] * (hours - 5) + [None] * 5,
    }
    units = {"time": "iso8601", "temperature_2m": "°C", "relative_humidity_2m": "%"}
    return Answer(json.dumps({"latitude": 50.07, "hourly_units": units, "hourly": hourly}).encode())


def answer(asked: Asked) -> Answer:
    return current(asked) if asked.path.startswith("/data") else archive(asked)


@pytest.mark.xdist_group("seeds")
def test_weather_and_air_quality_begin_when_their_status_says_so(new_platform, seeds: Path) -> None:
    platform: Platform = new_platform()
    platform.environment |= {
        "AIRFLOW_CONN_OPENWEATHER": json.dumps({"conn_type": "http", "password": "k3y-0f-weather"}),
        "REMOTE_TIMEOUT": "10",
        "EXPORT_LEGACY": "1",
    }
    small_drive(platform.raw)
    write(platform.drive / "AirQuality/Latest/air_quality_2026-02.csv", AIR.encode())
    platform.publish("2026-02-03")
    planned = "select count(*) from dim_sensor where source in ('OpenWeather', 'AirQuality')"
    assert platform.query(planned) == [(0,)]
    assert platform.query("select count(*) from dim_measurement") == [(6,)]
    rows = (seeds / "datasources_config.csv").read_text()
    planned_rows = [
        row for row in rows.splitlines() if row.startswith("sm2_") and row.endswith(",planned")
    ]
    assert len(planned_rows) == 3
    requests = (seeds / "http_requests.csv").read_text()
    (seeds / "http_requests.csv").write_text(requests.replace("2024-01-01", "2026-01-01"))
    with serving(answer) as server:
        for row in planned_rows:
            begun = row.removesuffix("planned") + "active"
            for address in ("https://api.openweathermap.org", "https://archive-api.open-meteo.com"):
                begun = begun.replace(address, server.address)
            rows = rows.replace(row, begun)
        (seeds / "datasources_config.csv").write_text(rows)
        as_of = "2026-02-04T06:20"
        platform.run(as_of, only="refresh").run(as_of, only="sync_building_hierarchy")
        platform.run(as_of, only="aggregate_and_publish")
    assert platform.states["refresh"] == platform.states["aggregate_and_publish"] == "success"
    found = platform.query(
        "select source, location, measurement, value, quality, count(*) from public_dataset_raw"
        " where source in ('OpenWeather', 'AirQuality', 'Open-Meteo') group by all order by all"
    )
    assert found == [
        ("AirQuality", "sm2_01", "co2", 415.0, "ok", 1),
        ("AirQuality", "sm2_01", "co2", 417.0, "ok", 1),
        ("AirQuality", "sm2_01", "co2", 418.0, "ok", 1),
        ("AirQuality", "sm2_01", "pm25", 12.5, "ok", 1),
        ("AirQuality", "sm2_01", "pm25", 501.0, "outlier", 1),
        ("Open-Meteo", "sm2_01", "humidity_outdoor", 81.0, "ok", 34 * 24 - 10),
        ("Open-Meteo", "sm2_01", "temp_ambient", -0.5, "ok", 34 * 24 - 10),
        ("OpenWeather", "sm2_01", "humidity_outdoor", 80.0, "ok", 1),
        ("OpenWeather", "sm2_01", "temperature_k", 273.65, "ok", 1),
    ]
    handed_over = platform.drive / "Public/Model/fact_indoor_temperature.csv"
    header, first, *_ = handed_over.read_text().splitlines()
    assert header == "timestamp,location,data_key,value" and first.count(",") == 3
    nodes = "select name from public_dataset_hierarchy where name in ('WEATHER', 'AIR') order by 1"
    assert platform.query(nodes) == [("AIR",), ("WEATHER",)]

    # the address answers no more: the building is read and published all the same
    (platform.drive / "AirQuality/Latest/air_quality_2026-02b.csv").write_text(
        AIR.replace("2026-02-01", "2026-02-02")
    )
    platform.publish("2026-02-05T06:20")
    assert platform.states["refresh"] == "failed", "people are told"
    assert platform.states["aggregate_and_publish"] == "success"
    assert platform.query(
        "select source, count(*) from public_dataset_raw where source in ('OpenWeather', 'AirQuality') group by 1 order by 1"
    ) == [("AirQuality", 10), ("OpenWeather", 2)]
