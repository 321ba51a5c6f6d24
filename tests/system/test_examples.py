"""The further sites, each from its sample to its release by `make example`, compared with the truth
of the generator where its data are there.
"""

import json
import math
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import connectorx
import duckdb
import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import expect, sync_playwright

from cli.example import DRIVE, copy_drive, environment, write_seeds
from cli.screenshots import browser
from include.core.paths import DataPaths
from include.core.settings import PROJECT_DIR, SEEDS, Settings
from include.ledger.ledger import Ledger
from include.ledger.pack import Pack
from include.registry import load_registry
from include.registry.cells import EXAMPLE
from include.release.explorer_page import built_path
from include.serving.access import Person
from include.serving.api.app import PREFIX, add_api
from include.serving.api.limits import Limits
from include.serving.page import add_page
from tests.support.databases import LOGIN, PASSWORD, database
from tests.support.many import edit

pytestmark = pytest.mark.xdist_group("examples")  # one process makes each site once
TRUTH = PROJECT_DIR.parent / "shared/data"  # beside the repository, where the generator has run


def make_example(name: str, data: Path, drives: Mapping[str, str] | None = None) -> DataPaths:
    """The site after its run: of all that was generated where that is there, else of its sample.

    `drives`: folders of the drive, by those of the generated data that are copied there.
    """
    home = data / EXAMPLE / name
    for source, target in (drives or {}).items():
        if (TRUTH / name).exists():
            shutil.copytree(TRUTH / name / source, home / DRIVE / target, dirs_exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    done = subprocess.run(
        [sys.executable, PROJECT_DIR / "cli/example.py", name],
        env=kept | {"DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 2), done.stdout + done.stderr
    return DataPaths(home)


@pytest.fixture(scope="module")
def water(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    return make_example("water", tmp_path_factory.mktemp("water"), {"raw": ""})


@pytest.fixture(scope="module")
def apartments(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    folders = {"smb": "smb", "smb_late": "smb", "sftp": "sftp"}
    return make_example("apartments", tmp_path_factory.mktemp("apartments"), folders)


@pytest.fixture(scope="module")
def registered(
    apartments: DataPaths, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DataPaths]:
    """The same after a further run, with the register in a database."""
    dump = TRUTH / "apartments/mysql/pidb.sql"
    if not dump.exists():
        pytest.skip(f"{dump} is not there: this repository has the sample alone")
    with database("mysql", tmp_path_factory.mktemp("register")) as server:
        server.run(dump.read_text().replace("pidb", "site"))
        seeds, file = apartments.root / "seeds", "datasources_config.csv"
        edit(seeds, file, "mysql://register.example:3306/pidb", server.location)
        edit(seeds, file, ",10000000,,true,planned", ",10000000,,true,active")
        login = f"mysql://{LOGIN}:{quote(PASSWORD, safe='')}@127.0.0.1"
        variables = environment(os.environ, apartments.root, "2023-10-30T06:00Z")
        done = subprocess.run(
            [sys.executable, PROJECT_DIR / "cli/run.py"],
            env=variables | {"AIRFLOW_CONN_APARTMENTS_REGISTER": login},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 2), done.stdout + done.stderr
        yield apartments


def truth_of(name: str) -> Path:
    """The tables that the generator of the whole data wrote beside them."""
    where = TRUTH / name / "expected"
    if not where.exists():
        pytest.skip(f"{where} is not there: this repository has the sample alone")
    return where


@pytest.fixture
def truth() -> Path:
    return truth_of("water")


def assert_same(database: duckdb.DuckDBPyConnection, published: str, expected: str) -> None:
    """Two queries have the same rows, and some."""
    for one, other in ((published, expected), (expected, published)):
        missing = database.sql(f"from ({one}) except all from ({other})").fetchall()
        assert not missing, (len(missing), missing[:3])
    assert database.sql(f"select count(*) > 0 from ({published})").fetchall() == [(True,)]


@pytest.fixture
def same(water: DataPaths, truth: Path) -> Callable[[str, str], None]:
    """Compares what is published with a query over the truth, row for row."""
    database = duckdb.connect()
    database.execute("set timezone = 'UTC'")
    readings = (water.root / "releases/latest/public_dataset_raw.parquet").as_posix()
    database.execute(f"create view readings as from '{readings}'")

    def compare(published: str, expected: str) -> None:
        expected = expected.replace("from 'expected_", f"from '{truth}/expected_")
        assert_same(database, published, expected)

    return compare


SAMPLE = [("jeremie", 80, 6240), ("jimmy", 79, 4483)]
METRICS = """case measurement when 'water_total' then 'total_flow'
    when 'water_pressure' then 'pressure' when 'temp_device' then 'temperature'
    else measurement end"""


def test_readings_of_nodes_are_those_that_were_written(same: Callable[[str, str], None]) -> None:
    same(
        f"""select location as node_id, timestamp, {METRICS} as metric, value, quality = 'outlier'
        from readings where source in ('Telecontrol', 'Archive')""",
        """select node_id, ts_utc, metric, value, is_outlier from 'expected_readings.parquet'
        where in_wide_export or node_id not like 'node-%'""",
    )


def test_loggers_are_read_with_and_without_names_of_columns(
    same: Callable[[str, str], None], water: DataPaths
) -> None:
    rows = """select location as node_id, timestamp,
            max(value) filter (measurement = 'flow_rate') as flow_rate,
            max(value) filter (measurement = 'water_pressure') as pressure,
            max(value) filter (measurement = 'temp_device') as temperature,
            max(value) filter (measurement = 'water_total') as total_flow
        from readings where source = '{}' group by all"""
    truth = """select node_id, ts_utc, flow_rate, pressure, temperature, total_flow
        from 'expected_logger_rows.parquet'"""
    same(rows.format("Logger"), truth)
    cut = next(
        v for v in Ledger.read(water).versions if v.path.endswith("215542_2025_03_10_DATA_LOG.csv")
    )
    assert cut.rejected == 1, "the row in which it was cut"
    same(
        f"select * from ({rows.format('Logger log')}) where node_id not in ('215542', '215600')",
        f"select * from ({truth}) where node_id not in ('215542', '215600')",
    )


def test_remote_units_and_weather_are_read(same: Callable[[str, str], None]) -> None:
    same(
        """select split_part(sensor_id, ' ', 1), split_part(sensor_id, ' ', 2), measurement,
            timestamp at time zone 'Europe/Rome',
            round(if(measurement = 'flow_rate', value * 3.6, value), 6)
        from readings where source = 'Remote unit'""",
        """select pcr_unit, split_part(channel, ' ', 1),
            case unit when 'Bar' then 'water_pressure' when 'm3/h' then 'flow_rate'
                when 'm3' then 'water_consumption' when 'V' then 'voltage' end,
            ts_local, value from 'expected_hidroconta.parquet'""",
    )
    same(
        """select location, (timestamp at time zone 'Europe/Rome')::date, measurement, value
        from readings where source = 'Weather station'""",
        """select location, day, column_name, value from (
            unpivot (select location, day, t_mean as temp_ambient, t_min as temp_ambient_min,
                t_max as temp_ambient_max, humidity::double as humidity_outdoor,
                rain_mm as precipitation, wind_mean_kmh as wind_speed
            from 'expected_weather_day.parquet') on columns(* exclude (location, day))
            into name column_name value value)""",
    )


def test_volumes_of_a_day_are_those_of_meter_and_flow(water: DataPaths, truth: Path) -> None:
    """The counter's steps on every day, and the flow's integral; where readings of the flow are
    missing that the truth knows, within what they can hold.
    """
    database = duckdb.connect()
    database.execute("set timezone = 'Europe/Rome'")
    days = (water.root / "releases/latest/public_dataset_daily.parquet").as_posix()
    database.execute(
        f"""create view found as select location as node_id, local_date as day_local,
            max(value_sum) filter (measurement = 'volume_metered') as metered,
            max(value_sum) filter (measurement = 'volume_from_flow') as flowed
        from '{days}' where source in ('Telecontrol', 'Archive') group by all"""
    )
    database.execute(
        f"""create view arrived as
        select node_id, ts_utc::date as day_local, max(value) * 1.8 as most,
            count_if(is_outlier or node_id like 'node-%' and not in_wide_export) as missing
        from '{truth}/expected_readings.parquet' where metric = 'flow_rate' group by all"""
    )
    rows = database.execute(
        f"""select missing, abs(metered - m3_counter) < 1e-9,
            abs(flowed - m3_integrated) <= 0.0005 + missing * most
        from '{truth}/expected_volume_day.parquet' left join found using (node_id, day_local)
        left join arrived using (node_id, day_local)"""
    ).fetchall()
    assert len(rows) == 360 and all(metered and flowed for _, metered, flowed in rows)
    assert sum(missing == 0 for missing, *_ in rows) == 347


def test_what_is_no_reading_is_named_and_not_read(truth: Path, water: DataPaths) -> None:
    ledger = Ledger.read(water)
    refused = {Path(version.path).name for version in ledger.refused()}
    in_ledger = {Path(version.path).name for version in ledger.versions}
    rows = duckdb.sql(f"from '{truth}/expected_rejects.parquet'").fetchall()
    for name, why in rows:
        if why == "empty":
            assert name in refused
        elif why == "diagnostics, not readings":
            assert name not in in_ledger
        else:
            assert name in in_ledger - refused, "only its last row is rejected"
    assert len(refused) == 1


def test_a_site_is_read_and_published_by_one_command(water: DataPaths) -> None:
    ledger = Ledger.read(water)
    assert [Path(v.path).name for v in ledger.refused()] == ["215600_2025_03_10_DATA_LOG.csv"]
    assert {version.building_id for version in ledger.versions} == {"water"}
    latest = water.root / "releases/latest"
    ids = duckdb.sql(f"select building_id from '{latest}/dim_building.parquet'").fetchall()
    assert ids == [("water",)]
    read = duckdb.sql(f"""select source, count(*) from '{latest}/public_dataset_raw.parquet'
        where source in ('Telecontrol', 'Remote unit', 'Weather station', 'Archive')
        group by all order by all""").fetchall()
    # the sample has all files of these
    assert read == [
        ("Archive", 8 * 4 * 1438),
        ("Remote unit", 10780),
        ("Telecontrol", 1431 * 12 - 10),  # two rows twice, ten cells empty
        ("Weather station", 30 * 6),
    ]


FIELDS = """case measurement
    when 'power' then if(sensor_type = 'consumption', 'total_power', 'power')
    when 'power_phase' then 'power' || right(sensor_index, 1)
    when 'current' then 'current' || right(sensor_index, 1)
    when 'voltage' then 'voltage' || right(sensor_index, 1)
    when 'energy_total' then 'total' when 'temp_device' then 'temperature'
    when 'window_open' then 'open' when 'door_open' then 'open' when 'illuminance' then 'light'
    when 'temp_indoor' then if(sensor_type = 'meteo', 'temperature_c', 'temperature')
    when 'humidity_indoor' then if(sensor_type = 'meteo', 'humidity_pct', 'humidity')
    when 'temp_ambient' then 'temperature_c' when 'humidity_outdoor' then 'humidity_pct'
    when 'co2' then 'co2_ppm' when 'sound_level' then 'noise_db' when 'air_pressure' then 'pressure_hpa'
    when 'air_pressure_absolute' then 'abs_pressure_hpa' else measurement end"""
PREDICTED = """case measurement when 'temp_forecast' then 'PRED_T_2M_ctrl'
    when 'humidity_forecast' then 'PRED_RELHUM_2M_ctrl'
    when 'precipitation_forecast' then 'PRED_TOT_PREC_ctrl'
    when 'radiation_forecast' then 'PRED_GLOB_ctrl' end"""


@pytest.fixture
def events(apartments: DataPaths) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of the restricted release, by their names."""
    release = apartments.root / "publications/apartments/releases/latest"
    with duckdb.connect() as database:
        database.execute("set timezone = 'UTC'")
        for path in release.glob("*.parquet"):
            database.read_parquet(str(path)).create_view(path.stem)
        yield database


def test_every_value_of_the_apartments_is_the_one_that_was_sent(
    events: duckdb.DuckDBPyConnection,
) -> None:
    truth = truth_of("apartments")
    columns = "apartment, room, sensor_type, {}, {}, value, {}, is_outlier"
    index = "coalesce(try_cast(sensor_index as integer), 0)"
    published = f"select {columns.format(index, FIELDS, 'timestamp')} from sensor_events"
    expected = f"""select {columns.format("sensor_idx", "field", "minute_utc")}
        from '{truth}/expected_sensor_events.parquet'"""
    assert_same(events, published, expected)
    assert_same(
        events,
        f"""select timestamp, site, lead_hours, issue_time::date, {PREDICTED}, value, is_outlier
        from weather_clean""",
        f"""select timestamp_utc, site, prediction, prediction_date, measurement, value, is_outlier
        from '{truth}/expected_weather_forecasts.parquet'""",
    )


# fact → its key, its values, and from what they are; joined with its dimensions
FACTS = {
    "energy_minute": (
        "apartment, room, sensor_type, timestamp as minute_utc",
        "power_w, counter_wh, energy_kwh, cost_chf, is_valid",
        "join dim_room using (building_id, location)"
        " join dim_device using (building_id, location, sensor_id)",
    ),
    "environment_minute": (
        "apartment, room, timestamp as minute_utc",
        "temperature_c, humidity_pct, co2_ppm, noise_db, pressure_hpa, window_open_flag,"
        " door_open_flag, is_anomaly",
        "join dim_room using (building_id, location)",
    ),
    "presence_minute": (
        "apartment, room, timestamp as minute_utc",
        "motion_count, door_open_flag, presence_flag",
        "join dim_room using (building_id, location)",
    ),
    "device_health_day": (
        "apartment, room, sensor_type, local_date as day",
        "readings, battery_min_pct, battery_avg_pct, outliers",
        "join dim_room using (building_id, location)",
    ),
    "weather_hour": (
        "timestamp as timestamp_utc, site, issue_date as prediction_date",
        "temperature_c, humidity_pct, precipitation_mm, radiation_wm2, n_model_runs",
        "",
    ),
}


@pytest.mark.parametrize("fact", FACTS)
def test_facts_are_those_of_the_truth(events: duckdb.DuckDBPyConnection, fact: str) -> None:
    """Of several model runs the truth has two rules; the one that is published is `latest`."""
    key, values, joined = FACTS[fact]
    expected = f"{truth_of('apartments')}/expected_fact_{fact}.parquet"
    events.execute(f"create table ours as select {key}, {values} from fact_{fact} {joined}")
    names = {name: name for name in values.split(", ")}
    if fact == "weather_hour":
        names |= {name: f"{name}_latest" for name in names if name != "n_model_runs"}
    local = "where day_basis = 'local'" if fact == "device_health_day" else ""
    chosen = ", ".join(f"{theirs} as {ours}" for ours, theirs in names.items())
    keys = ", ".join(part.split()[-1] for part in key.split(", "))
    events.execute(f"create table theirs as select {keys}, {chosen} from '{expected}' {local}")
    assert_same(events, f"select {keys} from ours", f"select {keys} from theirs")
    for name in names:
        cell = f"if(isnan({{}}.{name}::double), null, {{}}.{name}::double)"
        one, other = cell.format("ours", "ours"), cell.format("theirs", "theirs")
        different = events.sql(
            f"""select {keys}, ours.{name}, theirs.{name} from ours join theirs using ({keys})
            where ({one} is null) <> ({other} is null) or abs({one} - {other}) > 1e-9"""
        ).fetchall()
        assert not different, (name, len(different), different[:3])


def test_rollups_are_those_of_the_true_minutes(events: duckdb.DuckDBPyConnection) -> None:
    truth = truth_of("apartments")
    events.execute("set timezone = 'Europe/Zurich'")
    for by, hours in (("hour", "1 hour"), ("day", "1 day")):
        begins = "timestamp" if by == "hour" else "local_date::timestamptz"
        minutes = f"time_bucket(interval '{hours}', minute_utc, 'Europe/Zurich')"
        for columns, theirs, table in (
            (
                "sum(energy_kwh), sum(cost_chf), max(power_max_w), sum(minutes)",
                "sum(nullif(energy_kwh, 'nan')), sum(nullif(cost_chf, 'nan')),"
                " max(nullif(power_w, 'nan')), count(*)",
                "energy",
            ),
            (
                "sum(temperature_c), max(co2_max_ppm), sum(window_open_minutes), sum(minutes)",
                "avg(nullif(temperature_c, 'nan')), max(nullif(co2_ppm, 'nan')),"
                " if(count(window_open_flag) > 0, count_if(window_open_flag), null), count(*)",
                "environment",
            ),
            (
                "sum(motion_count), sum(presence_minutes), sum(minutes)",
                "sum(motion_count), count_if(presence_flag), count(*)",
                "presence",
            ),
        ):
            rounded = ", ".join(f"round(({c})::double, 9)" for c in _split(columns))
            expected = ", ".join(f"round(({c})::double, 9)" for c in _split(theirs))
            whole = "sensor_type, " if table == "energy" else ""
            joined = "join dim_device using (building_id, location, sensor_id)" if whole else ""
            assert_same(
                events,
                f"""select apartment, room, {whole}{begins}, {rounded} from fact_{table}_{by}
                join dim_room using (building_id, location) {joined} group by all""",
                f"""select apartment, room, {whole}{minutes}, {expected}
                from '{truth}/expected_fact_{table}_minute.parquet' group by all""",
            )


def _split(columns: str) -> list[str]:
    """The parts of a list, at the commas that are in no parentheses."""
    return re.split(r", (?![^()]*(?:\([^()]*\)[^()]*)*\))", columns)


def test_weather_of_a_day_is_the_newest_run_s(events: duckdb.DuckDBPyConnection) -> None:
    """From the rows of the files, not from what the platform made of them."""
    truth = truth_of("apartments")
    hours: dict[tuple[str, str, object], dict[str, tuple[int, float]]] = {}
    rows = duckdb.sql(
        f"""select site, measurement, prediction_date, timestamp_utc, prediction, value
        from '{truth}/expected_weather_forecasts.parquet' where not is_outlier"""
    ).fetchall()
    for site, measurement, issued, at, lead, value in rows:
        found = hours.setdefault((site, issued, at), {})
        if measurement not in found or lead < found[measurement][0]:
            found[measurement] = (lead, value)
    days: dict[tuple[str, object, object], dict[str, list[float]]] = {}
    for (site, issued, at), values in hours.items():
        day = at.astimezone(ZoneInfo("Europe/Zurich")).date()  # type: ignore[attr-defined]
        of_day = days.setdefault((site, issued, day), {})
        for measurement, (_, value) in values.items():
            of_day.setdefault(measurement, []).append(value)
    published = events.sql(
        """select site, issue_date, local_date, temperature_c, temperature_min_c, temperature_max_c,
        precipitation_mm, hours from fact_weather_day"""
    ).fetchall()
    assert {row[:3] for row in published} <= days.keys() and len(published) > 10
    for row in published:
        warm = days[row[:3]]["PRED_T_2M_ctrl"]
        rain = math.fsum(days[row[:3]]["PRED_TOT_PREC_ctrl"])
        wanted = (math.fsum(warm) / len(warm), min(warm), max(warm), rain, len(warm))
        assert row[3:] == pytest.approx(wanted, abs=1e-9)


def test_what_is_handed_over_gives_the_same_figures_elsewhere(
    events: duckdb.DuckDBPyConnection, apartments: DataPaths, tmp_path: Path
) -> None:
    """The CSV files and the views, in a database of somebody else."""
    folder = apartments.root / "publications/apartments/releases/latest/handover"
    dictionary = duckdb.sql(f"from '{folder}/dictionary.csv'").fetchall()
    views = (folder / "kpis.sql").read_text()
    wanted = "select month, apartment, kpi, round(value, 6), unit from kpi_month"
    expected = sorted(events.sql(wanted).fetchall())
    assert len(expected) > 50
    with database("postgresql", tmp_path / "postgres") as server:
        for path in sorted((folder / "csv").glob("*.csv")):
            if path.stem.startswith("kpi_"):
                continue
            types = {row[1]: row[2] for row in dictionary if row[0] == path.stem}
            header = path.read_text().partition("\n")[0].split(",")
            columns = ", ".join(
                f'"{name}" {types.get(name, "varchar").replace("double", "double precision")}'
                for name in header
            )
            server.run(
                f"create table {path.stem} ({columns});\n"
                f"copy {path.stem} from stdin with (format csv, header);\n{path.read_text()}\\.\n"
            )
        server.run(views)
        login = f"{LOGIN}:{quote(PASSWORD, safe='')}"
        address = f"postgresql://{login}@{server.location.partition('://')[2]}"
        asked = wanted.replace("round(value, 6)", "round(value::numeric, 6)::double precision")
        found = connectorx.read_sql(address, asked, return_type="arrow")
    assert sorted(tuple(row.values()) for row in found.to_pylist()) == expected
    joins = duckdb.sql(f"from '{folder}/relationships.csv'").fetchall()
    for table, column, other, key, _ in joins:
        one, many = (f"'{folder}/csv/{name}.csv'" for name in (other, table))
        assert duckdb.sql(f"select count(*) - count(distinct {key}) from {one}").fetchall() == [
            (0,)
        ]
        of_rooms = "where sensor_type <> 'Weather forecast'" if table == "dim_device" else ""
        missing = f"""select count(*) from (from {many} {of_rooms}) as many
            anti join {one} as one on many.{column} = one.{key}"""
        assert duckdb.sql(missing).fetchall() == [(0,)], (table, column)
    roles = (folder / "roles.dax").read_text()
    assert 'dim_apartment: [apartment_id] = "apartments.jimmy"' in roles
    measures = (folder / "measures.dax").read_text().splitlines()
    assert len(measures) == 30 and all(" = " in line for line in measures)


GRANTS = """user:owner,building,apartments,read,owns it
user:renter,place,apartments.jeremie,read,lives there
user:analyst,publication,apartments,read,counts
"""


SECRET = {"renter": "jimmy|Visp|battery|uptime", "stranger": "jimmy|jeremie|apartments"}


def api_of(apartments: DataPaths, name: str) -> TestClient:
    """The API as somebody asks it."""
    settings = replace(
        Settings.from_environment(), data_dir=apartments.root, seeds_dir=apartments.root / "seeds"
    )
    app = FastAPI()
    add_api(app, settings, lambda: Person(name, frozenset({"Viewer"})), Limits(rate=1e9))
    return TestClient(app)


@pytest.fixture(scope="module")
def granted(apartments: DataPaths) -> DataPaths:
    with (apartments.root / "seeds/grants.csv").open("a") as file:
        file.write(GRANTS)
    return apartments


def paths_of(api: TestClient, whole: TestClient) -> Iterator[str]:
    """Every route of the API that answers GET, with what the building really has."""
    series = whole.get(f"{PREFIX}/buildings/apartments/series").json()["series"]
    (version,) = [r["version"] for r in whole.get(f"{PREFIX}/releases").json()["releases"]]
    release = whole.get(f"{PREFIX}/releases/{version}").json()
    spec = whole.get(f"{PREFIX}/openapi.json").json()
    filled = {"building_id": "apartments", "version": version, "suffix": "csv"}
    for path, methods in spec["paths"].items():
        if "get" not in methods or "openapi" in path:
            continue
        if "{path}" in path:
            yield from (path.format(version=version, path=f["path"]) for f in release["files"])
            continue
        own = path.format(**filled)
        needed = {
            one["name"] for one in methods["get"].get("parameters", ()) if one.get("required")
        }
        if "series" in needed:
            at = "&at=2023-10-28T12:00Z"
            ids = [quote(row["id"]) for row in series[::9]]
            yield from (f"{own}?series={one}{at}&datetime=P3D/.." for one in ids)
            yield f"{own}?series={ids[0]}{at}&raw=true"
        elif "measurement" in needed:
            yield from (
                f"{own}?measurement={name}&by={by}&datetime=P9D/.."
                for name in ("temp_indoor", "energy_metered", "battery", "temp_forecast")
                for by in ("location", "room", "apartment", "building")
            )
        elif "since" in needed:
            yield f"{own}?since={version}"
        elif own.endswith("kpis"):
            yield from (
                f"{own}?datetime=2023-10-28/2023-10-30&by={by}"
                for by in ("apartment", "room", "location", "sensor_id", "building_id,local_date")
            )
        else:
            yield own


def test_each_person_gets_what_the_grants_say(granted: DataPaths) -> None:
    """Over all routes and all files: a renter finds nothing of the other apartment, nothing of
    devices' health, no file and no raw line; a stranger nothing at all.
    """
    clients = {name: api_of(granted, name) for name in ("owner", "analyst", "renter", "stranger")}
    whole = clients["owner"]
    asked, answered = 0, dict.fromkeys(clients, 0)
    for path in paths_of(whole, whole):
        asked += 1
        statuses = {}
        for name, api in clients.items():
            answer = api.get(path)
            statuses[name] = answer.status_code
            answered[name] += answer.status_code == 200
            if answer.status_code == 200 and name in SECRET:  # else it says what was asked for
                text = answer.text.partition('"labels"')[0]
                assert not re.search(SECRET[name], text), (name, path)
        assert statuses["owner"] == statuses["analyst"], path
        if "/releases/" in path or "raw=true" in path or "findings" in path or "quarantine" in path:
            assert statuses["renter"] == statuses["stranger"] == 404, path
        if "/buildings/" in path:
            assert statuses["stranger"] == 404, path
    assert asked > 150
    assert answered["owner"] > asked * 0.9 and 20 < answered["renter"] < answered["owner"] / 2

    def energy(api: TestClient) -> dict[str, float]:
        path = f"{PREFIX}/buildings/apartments/kpis?kpi=energy&datetime=2023-10-28/2023-10-30"
        return {row["apartment"]: row["value"] for row in api.get(path).json()["rows"]}

    assert energy(whole).keys() == {"jeremie", "jimmy"}
    assert energy(clients["renter"]) == {"jeremie": energy(whole)["jeremie"]}
    nodes = clients["renter"].get(f"{PREFIX}/buildings/apartments/hierarchy").json()["nodes"]
    assert {node["type"] for node in nodes} == {"Building", "Floor", "Apartment", "Room", "Sensor"}


ROOM = "places=jeremie/Bedroom&measurements=temp_indoor"


@contextmanager
def explorer_of(apartments: DataPaths, name: str) -> Iterator[str]:
    """The page as somebody opens it."""
    app = api_of(apartments, name).app
    assert isinstance(app, FastAPI)
    add_page(app)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    for _ in range(20):  # what the first request reads may take longer than an answer may
        if httpx.get(f"{address}{PREFIX}/buildings/apartments/kpis").status_code == httpx.codes.OK:
            break
    yield f"{address}/explorer/"
    server.should_exit = True
    thread.join()


@pytest.mark.skipif(browser() is None, reason="there is no Chromium")
@pytest.mark.skipif(not built_path(), reason="the page is not built (make explorer)")
def test_an_owner_and_a_renter_see_their_pages(granted: DataPaths) -> None:
    """In a browser; of the other apartment a renter's pages have nothing, also not in what they
    fetch.
    """
    days = "datetime=2023-10-29/2023-10-30&language=en"
    found: dict[str, str] = {}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        for name in ("owner", "renter"):
            fetched: list[str] = []
            page = chromium.new_page()
            page.on("response", lambda one, fetched=fetched: fetched.append(one.text() if "json" in one.headers.get("content-type", "") else ""))  # fmt: skip
            with explorer_of(granted, name) as address:
                page.goto(f"{address}#page=kpis&before=P1D&{days}")
                row = page.get_by_role("row").filter(has_text=re.compile("^Energy used"))
                expect(row).to_contain_text("kWh", timeout=30_000)
                found[name] = row.inner_text()
                for link in ("Health", "Release"):
                    there = page.get_by_role("link", name=link, exact=True)
                    expect(there).to_have_count(int(name == "owner"))
                row.locator("summary").click()
                expect(row).to_contain_text("energy used in the apartment")
                texts = [page.content()]
                for shape in ("lines", "heatmap", "table"):
                    page.goto(f"{address}#page=explore&shape={shape}&{ROOM}&{days}")
                    expect(page.get_by_text("jeremie/Bedroom").last).to_be_visible(timeout=30_000)
                    texts.append(page.content())
                page.wait_for_load_state("networkidle")
            page.close()
            seen = "\n".join([*texts, *fetched])
            assert ("jimmy" in seen) is (name == "owner")
            assert len(fetched) > 5
        chromium.close()
    assert "5.8" in found["renter"] and "5.8" in found["owner"] and "4.0" in found["owner"]


REGISTER = {
    "buildings": "buildings",
    "buildingtype": "building_types",
    "rooms": "rooms",
    "sensors": "sensors",
    "devices": "devices",
    "profilereference": "profile_references",
    "profile": "profiles",
    "parameters": "parameters",
    "parameterstype": "parameter_types",
    "dierrors": "errors",
}


def test_the_register_has_what_may_be_read_of_it(registered: DataPaths) -> None:
    truth = truth_of("apartments")
    release = registered.root / "publications/apartments/releases/latest"
    with duckdb.connect() as tables:
        tables.execute("set timezone = 'Europe/Zurich'")
        for name, published in REGISTER.items():
            expected = f"from '{truth}/expected_mysql_{name}.parquet'"
            columns = [column for column, *_ in tables.sql(f"describe {expected}").fetchall()]
            time = "strftime({}, '%Y-%m-%d %H:%M:%S')"
            chosen = ", ".join(time.format(c) if c == "creationDate" else c for c in columns)
            path = f"{release}/register_{published}.parquet"
            assert_same(tables, f"select {chosen} from '{path}'", expected)
    package = json.loads((release / "datapackage.json").read_text())
    assert {f"register_{name}.parquet" for name in REGISTER.values()} <= {
        resource["path"] for resource in package["resources"]
    }
    assert_nothing_personal(registered)


def test_every_file_has_the_verdict_that_it_should(apartments: DataPaths) -> None:
    """Each document that is there is read, or rejected, once; and each leads back to its bytes."""
    truth = truth_of("apartments")
    rejected, members, dated = set(), set(), 0
    for version in Ledger.read(apartments).versions:
        pack = version.raw(apartments)
        if not isinstance(pack, Pack):
            continue
        names = pack.members()["name"].to_pylist()
        members |= set(names)
        place = version.building_id, version.datasource_id, version.sha256, version.path
        for row in pq.read_table(apartments.rejected_lines(*place)).to_pylist():
            if row["reason"] == "json":
                rejected.add(names[row["line"] - 1])
        finding = next(f for f in version.findings if f.check == "dated_by_name")
        dated += int(finding.message.split()[0])
    files = f"from '{truth}/expected_files.parquet'"
    there = "action not in ('absent', 'overwritten')"
    wanted = duckdb.sql(f"select file_name, action {files} where {there}").fetchall()
    assert members == {name for name, _ in wanted}
    assert rejected == {name for name, action in wanted if action == "reject"}
    assert dated == sum(action == "load_with_file_minute" for _, action in wanted)


def test_nothing_personal_leaves_landing(apartments: DataPaths) -> None:
    assert_nothing_personal(apartments)


def assert_nothing_personal(apartments: DataPaths) -> None:
    truth = TRUTH / "apartments/expected/expected_canaries.parquet"
    secrets = {"JeremieModele", "JimmyExemple"}
    if truth.exists():
        secrets |= {text for (text,) in duckdb.sql(f"from '{truth}'").fetchall()}
    pattern = re.compile("|".join(map(re.escape, secrets)))
    allowed = tuple(
        apartments.root / name for name in ("landing", DRIVE + "/smb", DRIVE + "/Platform/landing")
    )
    looked = 0
    for path in apartments.root.rglob("*"):
        if not path.is_file() or any(path.is_relative_to(folder) for folder in allowed):
            continue
        looked += 1
        assert not pattern.search(str(path)), path
        found = pattern.search(_texts(path))
        assert not found, (path, found)
    assert looked > 50
    with pytest.raises(AssertionError):
        part = next(v for v in Ledger.read(apartments).versions if v.parts).landed(apartments)
        assert not pattern.search(_texts(next(iter(part))))


def _texts(path: Path) -> str:
    """What is written in a file; of Parquet, its texts."""
    content = path.read_bytes()
    if content[:4] != b"PAR1":
        return content.decode(errors="replace")
    table = pq.read_table(path)
    texts = [
        str(pc.unique(pc.cast(column, pa.string())).to_pylist())
        for column in table.columns
        if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type)
    ]
    others = [str(c.to_pylist()) for c in table.columns if pa.types.is_list(c.type)]
    return "\n".join((*texts, *others, str(table.schema)))


def test_apartments_are_read_and_published_by_one_command(
    events: duckdb.DuckDBPyConnection, apartments: DataPaths
) -> None:
    """The sample is a part of what was generated."""
    assert not (apartments.root / "releases/latest").exists(), "nothing of them is public"
    found = events.sql("""select apartment, count(distinct timestamp), count(*) from sensor_events
        where timestamp >= '2023-10-28 23:50:00Z' and timestamp < '2023-10-29 02:10:00Z'
        group by all order by all""").fetchall()
    assert found == SAMPLE
    hour = "timestamp >= '2023-10-29 00:00:00Z' and timestamp < '2023-10-29 01:00:00Z'"
    assert events.sql(f"select count(*) from sensor_events where {hour}").fetchall() == [(0,)], (
        "the second pass of the repeated hour has replaced the first"
    )


def test_no_run_but_its_own_sees_an_example(tmp_path: Path) -> None:
    registry = load_registry(SEEDS)
    assert "water" in registry.examples
    assert [row.building_id for row in registry.buildings] == ["sm2"]
    assert not registry.wrong
    assert "flow_rate" not in {row.measurement for row in registry.measurements}
    for name in registry.examples:
        write_seeds(SEEDS, tmp_path / name, name)
        alone = load_registry(tmp_path / name)
        assert [row.building_id for row in alone.active_buildings] == [name]
        assert not alone.wrong and alone.active_datasources


def test_an_example_goes_nowhere_where_own_data_are(tmp_path: Path) -> None:
    write_seeds(SEEDS, tmp_path / "seeds", "water")
    own = {
        "DATA_DIR": "/own",
        "AS_OF": "2026-03-01",
        "STATE_REMOTE": "mine:Platform",
        "PUBLISH_REMOTE": "mine:Public",
        "AIRFLOW_CONN_SENSOR_PLATFORM_MAIL": "smtp://mine",
        "RCLONE_CONFIG_WATER_REMOTE": "mine:water",
        "PATH": "/bin",
    }
    found = environment(own, tmp_path, "2025-04-09")
    assert "mine" not in repr(found) and "/own" not in repr(found)
    assert found["RCLONE_CONFIG_WATER_REMOTE"] == str(tmp_path / DRIVE)
    assert (found["AS_OF"], found["PATH"]) == ("2025-04-09", "/bin")


def test_a_drive_that_was_half_copied_is_copied_again(tmp_path: Path) -> None:
    sample, drive = tmp_path / "sample", tmp_path / DRIVE
    for name in ("a", "b"):
        (sample / name).mkdir(parents=True)
    copy_drive(sample, drive)
    drive.rename(tmp_path / f"{DRIVE}.part")  # as a kill in the middle leaves it
    (tmp_path / f"{DRIVE}.part/b").rmdir()
    copy_drive(sample, drive)
    assert sorted(path.name for path in drive.iterdir()) == ["a", "b"]


def test_an_unknown_example_is_refused_with_those_that_there_are() -> None:
    done = subprocess.run(
        [sys.executable, PROJECT_DIR / "cli/example.py", "sm2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "NAME is one of: apartments, water" in done.stderr
