"""Facts of random readings, by the models themselves, beside plain Python."""

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.amounts import sql_of
from include.core.settings import PROJECT_DIR
from include.planning.facts import FACT_COLUMNS, TARIFFS
from include.registry.fact_rows import FACT_COLUMNS as COLUMNS

ZONE = ZoneInfo("Europe/Zurich")
START, STOP = datetime(2023, 10, 1, tzinfo=ZONE), datetime(2023, 11, 1, tzinfo=ZONE)
CLOCK_CHANGE = datetime(2023, 10, 28, 23, tzinfo=UTC)  # the night of the 29th has 25 hours
MODELS = {
    path.stem: sql_of(path.stem, batch_of=lambda relation, **_: relation)
    for path in (PROJECT_DIR / "include/dbt/models/4_facts").glob("*.sql")
}
FED = [
    ("energy", "power_w", "power", "rate", None, 1.0, None),
    ("energy", "counter_wh", "energy_total", "counter", "energy_metered", 1.0, None),
    ("energy", "energy_kwh", "energy_total", "counter", "energy_metered", 0.001, 0.001),
    ("energy", "energy_kwh", "power", "rate", "energy_from_power", 1 / 3.6e6, None),
    ("environment", "temperature_c", "temp_indoor", "gauge", None, 1.0, None),
    ("environment", "window_open_flag", "window_open", "state", None, 1.0, None),
    ("presence", "motion_count", "motion", "event", None, 1.0, None),
    ("device_health", "battery_pct", "battery", "gauge", None, 1.0, None),
]
NIGHT, DAY = 0.2, 0.34
PRICES = [(0, 90, NIGHT), (90, 150, DAY), (150, 24 * 60, NIGHT)]  # the second comes twice

Reading = tuple[datetime, str, str, str, float, str]  # time, location, sensor, measurement, value


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        names = ("fact", "column", "measurement", "kind", "amount", "scale", "amount_scale")
        rows = [dict(zip(names, row, strict=True)) | {"building_id": "b"} for row in FED]
        feeding = [row | {"offset": 0.0, "sensors": None, "unit": "u"} for row in rows]
        connection.register("fact_columns", pa.Table.from_pylist(feeding, schema=FACT_COLUMNS))
        tariffs = [
            {
                "building_id": "b",
                "provider": "P",
                "valid_from": date(2023, 1, 1),
                "valid_to": date.max,
                "weekdays": [1, 2, 3, 4, 5, 6, 7],
                "from_minute": first,
                "to_minute": last,
                "chf_per_kwh": price,
            }
            for first, last, price in PRICES
        ]
        connection.register("tariffs", pa.Table.from_pylist(tariffs, schema=TARIFFS))
        connection.execute(
            """create table landing_files as select 1 as file_number, 'd' as datasource_id,
                'b' as building_id;
            create table datasources_config as select 'd' as datasource_id, '1' as interval_minutes;
            create table fct_rejected_readings as select timestamptz '2023-10-29 12:00Z' as timestamp,
                'A/Hall' as location, 'A/Hall/plug/0' as sensor_id, 'S' as source,
                'unparsable' as reason;
            set variable building_id = 'b'; set variable timezone = 'Europe/Zurich'"""
        )
        path = str(tmp_path_factory.mktemp("facts") / "amounts.parquet")
        connection.execute("set variable amounts = $path", {"path": path})
        connection.execute("set variable start = $at", {"at": START})
        connection.execute("set variable stop = $at", {"at": STOP})
        yield connection


def facts_of(
    database: duckdb.DuckDBPyConnection, readings: list[Reading], steps: dict[int, float]
) -> None:
    """Make all facts of the readings; `steps`: line → what its counter counted."""
    names = ("timestamp", "location", "sensor_id", "measurement", "value", "quality")
    rows = [
        dict(zip(names, row, strict=True)) | {"source_line": line}
        for line, row in enumerate(readings)
    ]
    types = [pa.timestamp("us", "UTC"), *[pa.string()] * 3, pa.float64(), pa.string(), pa.int32()]
    schema = pa.schema(list(zip((*names, "source_line"), types, strict=True)))
    database.register("given", pa.Table.from_pylist(rows, schema=schema))
    database.execute(
        """create or replace table fct_sensor_readings as
        select *, 'b' as building_id, 'S' as source, 1 as source_file from given"""
    )
    counted = [
        {"sensor_id": readings[line][2], "source_line": line, "value": step}
        for line, step in steps.items()
    ]
    schema = pa.schema(
        [("sensor_id", pa.string()), ("source_line", pa.int32()), ("value", pa.float64())]
    )
    database.register("counted", pa.Table.from_pylist(counted, schema=schema))
    database.execute(
        """create or replace table fct_amounts as
        select *, 1 as source_file, 'energy_metered' as measurement, 'ok' as quality from counted"""
    )
    ((path,),) = database.execute("select getvariable('amounts')").fetchall()
    database.execute(f"copy fct_amounts to '{path}' (format parquet)")
    for name in sorted(
        MODELS, key=lambda name: (not name.endswith(("minute", "weather_hour")), name)
    ):
        database.execute(f"create or replace table {name} as {MODELS[name]}")


minutes = st.integers(0, 150)  # about the clock change


@st.composite
def samples(draw: st.DrawFn) -> tuple[list[Reading], dict[int, float]]:
    readings: list[Reading] = []
    steps = {}
    for room in ("A/Hall", "A/Kitchen", "B/Hall"):
        kinds = draw(st.sets(st.sampled_from(["power", "energy_total", "temp_indoor", "motion"])))
        for measurement in sorted(kinds):
            kind = "plug" if measurement in ("power", "energy_total") else measurement
            for number, minute in enumerate(sorted(draw(st.sets(minutes, max_size=12)))):
                quality = draw(st.sampled_from(["ok", "ok", "ok", "outlier"]))
                if measurement == "energy_total":
                    quality = "ok"
                    if number:
                        steps[len(readings)] = draw(st.integers(0, 5000)) / 10
                value = draw(st.integers(0, 3)) if kind == "motion" else draw(st.floats(0, 9000))
                at = CLOCK_CHANGE + timedelta(minutes=minute)
                readings.append((at, room, f"{room}/{kind}/0", measurement, value, quality))
    return readings, steps


def price_at(at: datetime) -> float:
    local = at.astimezone(ZONE)
    minute = local.hour * 60 + local.minute
    return next(price for first, last, price in PRICES if first <= minute < last)


def energy_of(
    readings: list[Reading], steps: dict[int, float]
) -> dict[tuple[str, datetime], float]:
    """By sensor and minute: the counter's step, or else the power for a minute."""
    counting = {sensor for _, _, sensor, name, *_ in readings if name == "energy_total"}
    found = {}
    for line, (at, _, sensor, name, value, quality) in enumerate(readings):
        if line in steps:
            found[sensor, at] = steps[line] / 1000
        elif name == "power" and sensor not in counting and quality == "ok":
            found[sensor, at] = value / 60_000
    return found


@given(samples())
@settings(max_examples=15, deadline=None)
def test_facts_are_what_their_readings_say(
    database: duckdb.DuckDBPyConnection, given: tuple[list[Reading], dict[int, float]]
) -> None:
    readings, steps = given
    facts_of(database, readings, steps)
    rows = database.sql("from fact_energy_minute").fetchall()
    wanted = energy_of(readings, steps)
    found = {(row[3], row[0]): row for row in rows}
    assert {key for key, row in found.items() if row[6] is not None} == wanted.keys()
    for key, energy in wanted.items():
        assert found[key][6] == pytest.approx(energy, abs=1e-12)
        assert found[key][7] == pytest.approx(energy * price_at(key[1]), abs=1e-12)
    for by in ("hour", "day"):
        ((total, cost),) = database.sql(
            f"select sum(energy_kwh), sum(cost_chf) from fact_energy_{by}"
        ).fetchall()
        assert (total or 0) == pytest.approx(math.fsum(wanted.values()), abs=1e-9)
        assert (cost or 0) == pytest.approx(
            math.fsum(energy * price_at(at) for (_, at), energy in wanted.items()), abs=1e-9
        )
    motions: dict[str, float] = defaultdict(float)
    for _, room, _, name, value, quality in readings:
        if name == "motion":
            motions[room] += value if quality == "ok" else 0
    assert motions == dict(
        database.sql(
            "select location, sum(motion_count) from fact_presence_minute group by all"
        ).fetchall()
    )
    for table, key in (("fact_energy_hour", "sensor_id"), ("fact_environment_hour", "location")):
        assert not database.sql(
            f"""select timestamp, {key} from {table} group by all having count(*) > 1"""
        ).fetchall()


def test_a_week_of_two_apartments_uses_tens_of_kilowatt_hours(
    database: duckdb.DuckDBPyConnection,
) -> None:
    """An earlier system added up the counters' readings: 1,605,684 kWh where 33.2 were used."""
    readings: list[Reading] = []
    steps = {}
    for apartment in ("A", "B"):
        for minute in range(7 * 24 * 60):
            at = START + timedelta(minutes=minute)
            where = (f"{apartment}/Hall", f"{apartment}/Hall/plug/0", "energy_total")
            if minute:
                steps[len(readings)] = 1.6
            readings.append((at, *where, 80_000 + minute * 1.6, "ok"))
    facts_of(database, readings, steps)
    ((used, counters),) = database.sql(
        "select sum(energy_kwh), sum(counter_wh) / 1000 from fact_energy_minute"
    ).fetchall()
    assert 30 < used < 35
    assert counters > 1_600_000


def test_health_of_a_day_of_25_hours(database: duckdb.DuckDBPyConnection) -> None:
    """Expected minutes are those of the day; two windows are one kind of device, each minute
    counted once; a value that could not be read is an error."""
    day = datetime(2023, 10, 29, tzinfo=ZONE).astimezone(UTC)
    window = [
        (day + timedelta(minutes=m), "A/Hall", f"A/Hall/window/{n}", "battery", 60.0 + n, "ok")
        for m in range(1200)
        for n in (0, 1)
    ]
    plug = [
        (
            day + timedelta(minutes=m),
            "A/Hall",
            "A/Hall/plug/0",
            "power",
            5.0,
            "outlier" if m < 3 else "ok",
        )
        for m in range(1500)
    ]
    facts_of(database, [*window, *plug], {})
    rows = database.sql(
        "select * exclude (building_id) from fact_device_health_day where local_date = '2023-10-29'"
    ).fetchall()
    named = {row[2]: row[3:] for row in rows}
    assert named["window"] == (1200, 300, 80.0, 0, 0, 60.0, 60.5)
    assert named["plug"] == (1500, 0, 100.0, 3, 4, None, None)
    silent = "select readings, missing_readings, uptime_pct from fact_device_health_day"
    assert set(database.sql(f"{silent} where local_date > '2023-10-29'").fetchall()) == {
        (0, 1440, 0.0)
    }, "whoever was heard of is expected on each later day"


def test_rows_of_fact_columns_have_the_units_of_the_tables() -> None:
    path = PROJECT_DIR / "include/dbt/models/4_facts/facts.yml"
    models = {model["name"]: model for model in yaml.safe_load(path.read_text())["models"]}
    of_facts = {
        "energy": "fact_energy_minute",
        "environment": "fact_environment_minute",
        "presence": "fact_presence_minute",
        "weather": "fact_weather_hour",
    }
    for fact, model in of_facts.items():
        columns: dict[str, Any] = {column["name"]: column for column in models[model]["columns"]}
        for name, unit in COLUMNS[fact].items():
            if not unit:  # is said of sensors
                continue
            described = columns[name].get("config", {"meta": {"unit": "1"}})
            assert described["meta"]["unit"] == unit, name
