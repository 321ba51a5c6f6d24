"""The further sites, each from its sample to its release by `make example`, compared with the truth
of the generator where its data are there.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cli.example import DRIVE, copy_drive, environment, write_seeds
from include.core.paths import DataPaths
from include.core.settings import PROJECT_DIR, SEEDS, Settings
from include.ledger.ledger import Ledger
from include.ledger.pack import Pack
from include.monitoring.health import read_all_health, read_health
from include.registry import load_registry
from tests.support.databases import LOGIN, PASSWORD, database
from tests.support.examples import TRUTH, assert_same, make_example, truth_of
from tests.support.many import edit

pytestmark = pytest.mark.xdist_group("examples")  # one process makes each site once


@pytest.fixture(scope="module")
def water(tmp_path_factory: pytest.TempPathFactory) -> DataPaths:
    return make_example("water", tmp_path_factory.mktemp("water"), {"raw": ""})


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
        edit(seeds, "register_keys.csv", "Laundry,register_rooms,9", "Laundry,register_rooms,99")
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


@pytest.fixture
def truth() -> Path:
    return truth_of("water")


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


def test_the_register_says_what_an_apartment_should_use(registered: DataPaths) -> None:
    truth = truth_of("apartments")
    release = registered.root / "publications/apartments/releases/latest"
    with duckdb.connect() as tables:
        tables.execute("set timezone = 'Europe/Zurich'")
        expected = f"""
            select if(idBuilding = 1, 'jimmy', 'jeremie') as apartment, round(sum(power) / 1000, 9) as value
            from '{truth}/expected_mysql_profile.parquet'
            where creationDate between '2023-10-29' and '2023-10-29 23:59'
            group by all
        """
        published = f"""
            select apartment, round(value, 9) as value from '{release}/kpi_day.parquet'
            where kpi = 'energy_reference' and local_date = '2023-10-29'
        """
        assert_same(tables, published, expected)


def test_a_register_that_lacks_a_room_is_an_incident(registered: DataPaths) -> None:
    settings = replace(Settings.from_environment(), data_dir=registered.root)
    [cause] = [c for c in read_all_health(settings) if c.check == "register_incomplete"]
    assert cause.evidence == "register_rooms has no row of 1 place: jeremie/Laundry"
    [shown] = [c for c in read_health(settings) if c.check == "register_incomplete"]
    assert shown.restricted and "Laundry" not in repr(shown)


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
