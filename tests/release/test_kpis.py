"""Key figures: each is defined once, has a name in each language, and is what it says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from include.contract.kpis import Kpi, kpis, query_of_kpis
from include.contract.tables import tables_of
from include.core.clock import END_OF_TIME
from include.core.errors import ConfigurationError
from include.core.settings import SEEDS, Settings
from include.registry import Run, load_registry
from include.release.views import query_of, write_views

TABLES = """
create table dim_building as select 'b' as building_id, 'Europe/Zurich' as timezone;
create table dim_room as select 'b' as building_id, location, location[3:] as room,
    location[1] as apartment, location = 'A/Out' as is_outdoor, location = 'A/Hall' as is_watched
    from (values ('A/Hall'), ('A/Bath'), ('A/Out')) as rooms (location);
create table dim_device as select 'b' as building_id, location, sensor_id, sensor_id = 'main' as is_total
    from (values ('A/Hall', 'main'), ('A/Bath', 'plug')) as devices (location, sensor_id);
create table fact_energy_day as select 'b' as building_id, * from (values
    (date '2023-10-28', 'A/Hall', 'main', 100.0, 900.0, 2.4, 0.8, 1440),
    (date '2023-10-29', 'A/Hall', 'main', 200.0, 800.0, 2.5, 0.9, 720),
    (date '2023-10-29', 'A/Bath', 'plug', 50.0, 60.0, 1.2, 0.4, 1440)
) as rows (local_date, location, sensor_id, power_w, power_max_w, energy_kwh, cost_chf, minutes);
create table energy_reference_day as select 'b' as building_id, 'A/Hall' as location,
    date '2023-10-29' as local_date, 3.5 as reference_kwh;
create table fact_environment_day as select 'b' as building_id, * from (values
    (date '2023-10-28', 'A/Hall', 20.0, 1440, 30, 3),
    (date '2023-10-29', 'A/Hall', 22.0, 1440, 10, 1),
    (date '2023-10-29', 'A/Out', 5.0, 1440, null, null)
) as rows (local_date, location, temperature_c, minutes, window_open_minutes, window_openings);
alter table fact_environment_day add column humidity_pct double;
alter table fact_environment_day add column co2_ppm double;
alter table fact_environment_day add column noise_db double;
alter table fact_environment_day add column anomaly_minutes bigint default 0;
create table fact_environment_hour as select 'b' as building_id, * from (values
    (timestamptz '2023-10-29 00:00Z', 'A/Hall', 19.0, 900.0, 40.0),
    (timestamptz '2023-10-29 01:00Z', 'A/Hall', 21.0, 1000.0, 55.0),
    (timestamptz '2023-10-29 02:00Z', 'A/Hall', 27.5, null, 65.0),
    (timestamptz '2023-10-29 02:00Z', 'A/Out', -5.0, null, null),
    (timestamptz '2023-10-30 02:00Z', 'A/Hall', 0.0, 5000.0, 0.0)
) as rows (timestamp, location, temperature_c, co2_ppm, humidity_pct);
alter table fact_environment_hour add column minutes bigint default 60;
create table fact_presence_hour as select 'b' as building_id, 'A/Hall' as location, timestamp, 60 as minutes,
    if(timestamp = timestamptz '2023-10-29 01:00Z', 30, 0) as presence_minutes
    from range(timestamptz '2023-10-28 20:00Z', timestamptz '2023-10-30 04:00Z', interval 1 hour) as hours (timestamp);
create table fact_energy_hour as select 'main' as sensor_id, 0.1 as energy_kwh, * from fact_presence_hour;
create table fact_presence_day as select 'b' as building_id, * from (values
    (date '2023-10-29', 'A/Hall', 7, 60, 1440), (date '2023-10-29', 'A/Bath', 0, 0, 1440)
) as rows (local_date, location, motion_count, presence_minutes, minutes);
create table fact_device_health_day as select 'b' as building_id, * from (values
    (date '2023-10-29', 'A/Hall', 'door', 90.0, 144, 2, 55.0),
    (date '2023-10-29', 'A/Bath', 'door', 100.0, 0, 0, null)
) as rows (local_date, location, sensor_type, uptime_pct, missing_readings, error_count, battery_min_pct);
"""

(UPTIME,) = (kpi for kpi in kpis() if kpi.name == "uptime")


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"set timezone = 'UTC'; {TABLES}")
        yield connection


def test_figures_are_what_they_say(database: duckdb.DuckDBPyConnection) -> None:
    rows = database.sql(query_of_kpis(("month", "apartment"))).fetchall()
    found = {kpi: value for _, _, kpi, value, _ in rows}
    assert {(month, apartment) for month, apartment, *_ in rows} == {("2023-10", "A")}
    wanted = {
        "energy": 4.9,  # of the main meter: the plug is in it
        "energy_cost": 1.7,
        "energy_reference": 3.5,
        "energy_submetered": 1.2,
        "power_mean": (100 * 1440 + 200 * 720) / 2160,
        "power_peak": 900,
        "temperature_indoor": 21,
        "temperature_outdoor": 5,
        "indoor_minus_outdoor": 16,
        "comfort_temperature_2": 100 / 3,  # the day that is not over does not count
        "comfort_co2_1": 50,  # of hours with a value
        "comfort_humidity_2": 200 / 3,
        "degree_hours_cold": 1,
        "degree_hours_warm": 1.5,
        "window_open": 40,
        "window_openings": 4,
        "occupancy_rate": 100 * 60 / 1440,
        "motion_events": 7,
        "uptime": 95,
        "missing_readings": 144,
        "device_errors": 2,
        "battery_lowest": 55,
    }
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)
    assert "noise_indoor" not in found, "a figure without a value is not there"


def test_figures_can_be_asked_by_other_groups(database: duckdb.DuckDBPyConnection) -> None:
    chosen = [kpi for kpi in kpis() if kpi.name in ("energy", "motion_events")]
    by_room = database.sql(query_of_kpis(("room", "local_date"), chosen)).fetchall()
    assert {(room, kpi) for room, _, kpi, *_ in by_room} == {
        ("Hall", "energy"),
        ("Hall", "motion_events"),
    }
    by_device = database.sql(query_of_kpis(("sensor_id",), chosen)).fetchall()
    assert [(sensor, kpi) for sensor, kpi, *_ in by_device] == [("main", "energy")]
    by_kind = database.sql(query_of_kpis(("sensor_type",), (*chosen, UPTIME))).fetchall()
    assert by_kind == [("door", "uptime", 95.0, "%")]
    none = query_of_kpis(("apartment",), chosen, "facts.local_date = date '2000-01-01'")
    assert database.sql(none).fetchall() == []


def test_hours_are_those_of_whole_days(database: duckdb.DuckDBPyConnection) -> None:
    """The day on which clocks go back has 25, each with its instant. A day that is not over has
    none, and a figure that is known by days alone is left out.
    """
    names = ("energy", "occupancy_rate", "indoor_minus_outdoor", "uptime")
    chosen = [kpi for kpi in kpis() if kpi.name in names]
    when = "facts.local_date >= date '2023-10-29'"
    found: dict[str, dict[datetime, float]] = {}
    asked = query_of_kpis(("hour", "apartment"), chosen, when)
    for hour, _, name, value, _ in database.sql(asked).fetchall():
        found.setdefault(name, {})[hour] = value
    day = [datetime(2023, 10, 28, 22, tzinfo=UTC) + timedelta(hours=n) for n in range(25)]
    assert sorted(found["occupancy_rate"]) == sorted(found["energy"]) == day
    assert {hour for hour, value in found["occupancy_rate"].items() if value} == {day[3]}
    assert sum(found["energy"].values()) == pytest.approx(2.5)
    assert found["indoor_minus_outdoor"] == {day[4]: 32.5}
    assert "uptime" not in found


def test_each_figure_has_a_name_in_each_language() -> None:
    texts = load_registry(SEEDS).labels_of("kpi")["kpi"]
    assert texts.keys() == {kpi.name for kpi in kpis()}
    assert all(len(labels) == 8 for labels in texts.values())


@pytest.mark.parametrize(
    ("sensors", "total"), [([], ["A/H/m/0", "A/H/p/0"]), (["*/m/*"], ["A/H/m/0"]), (["x"], [])]
)
def test_meters_of_all_are_those_that_a_row_names_or_all(
    sensors: list[str], total: list[str]
) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            """create table dim_sensor as select 'b' as building_id, 'A/H' as location,
            'Make' as source, unnest(['A/H/m/0', 'A/H/p/0']) as sensor_id"""
        )
        connection.execute(
            """create table fact_columns as select 'b' as building_id, 'is_total' as "column",
            $sensors::varchar[] as sensors""",
            {"sensors": sensors},
        )
        query = f"select sensor_id from ({query_of('dim_device')}) where is_total order by 1"
        assert [name for (name,) in connection.sql(query).fetchall()] == total


def test_a_country_without_known_holidays_is_named(tmp_path: Path) -> None:
    registry = load_registry(SEEDS)
    building = registry.buildings[0].model_copy(update={"country": "ZZ"})
    run = Run(Settings.from_environment(), replace(registry, buildings=(building,)), END_OF_TIME)
    with duckdb.connect() as connection:
        connection.execute(
            """create table public_dataset_daily as
            select 'sm2' as building_id, date '2026-01-01' as local_date"""
        )
        (table,) = (table for table in tables_of("view") if table.model == "dim_date")
        with pytest.raises(ConfigurationError, match="no holidays are known of ZZ"):
            write_views(connection, run, tmp_path, [table])


def test_a_figure_is_one_of_its_kinds() -> None:
    with pytest.raises(ValueError, match="must be one of"):
        Kpi(name="both", unit="1", description="two", table="t", sum="a", max="b")
