"""Facts, roll-ups and what is handed over of the apartments, compared with the truth."""

import math
import re
import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import connectorx
import duckdb
import pytest

from include.contract.kpis import query_of_kpis
from include.core.clock import parse_as_of
from include.core.errors import ContractError
from include.core.paths import DataPaths
from include.core.settings import Settings
from include.registry import Run, load_registry
from include.release.groups.build import make
from include.release.publications import grouped_runs
from tests.support.databases import LOGIN, PASSWORD, database
from tests.support.examples import assert_same, truth_of

pytestmark = pytest.mark.xdist_group("examples")

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
    hours = query_of_kpis(("hour", "apartment"))
    wanted = [
        "select month, apartment, kpi, round(value, 6), unit from kpi_month",
        f"select extract(epoch from hour)::int, apartment, kpi, round(value, 6), unit from ({hours}) as hours",
    ]
    expected = [sorted(events.sql(query).fetchall()) for query in wanted]
    assert all(len(rows) > 50 for rows in expected)
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
        for query, rows in zip(wanted, expected, strict=True):
            asked = query.replace("round(value, 6)", "round(value::numeric, 6)::double precision")
            found = connectorx.read_sql(address, asked, return_type="arrow")
            there = sorted(tuple(row.values()) for row in found.to_pylist())
            assert [(*row[:3], row[4]) for row in there] == [(*row[:3], row[4]) for row in rows]
            values = [row[3] for row in rows]  # a sum in another order may be rounded otherwise
            assert [row[3] for row in there] == pytest.approx(values, abs=2e-6)
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
    role = (folder / "roles.dax").read_text().partition("// role apartments.jimmy")[2]
    assert 'dim_apartment: [apartment_id] = "apartments.jimmy"' in role
    reached = {"dim_apartment"}
    for _ in joins:  # a filter goes from the one side to the many
        reached |= {table for table, _, other, *_ in joins if other in reached}
    of_all = {"dim_building", "dim_date", "dim_tariff", "dim_weather_site"}
    tables = {path.stem for path in (folder / "csv").glob("*.csv")}
    assert {name for name in tables - reached - of_all if f"{name}: FALSE()" not in role} == set()
    assert "fact_device_health_day: FALSE()" in role
    measures = (folder / "measures.dax").read_text().splitlines()
    assert len(measures) == 33 and all(" = " in line for line in measures)


def test_two_apartments_are_no_group(apartments: DataPaths, tmp_path: Path) -> None:
    for name in ("publications", "catalog", "seeds"):
        shutil.copytree(apartments.root / name, tmp_path / name, symlinks=True)
    with (tmp_path / "seeds/publications.csv").open("a") as file:
        file.write("homes,Homes,apartments,,CC-BY-4.0,grouped,active,,3,1\n")
    settings = replace(Settings.from_environment(), data_dir=tmp_path, seeds_dir=tmp_path / "seeds")
    whole = Run(settings, load_registry(settings.seeds_dir), parse_as_of("2023-11-09"))
    [run] = grouped_runs(whole)
    with pytest.raises(ContractError, match=r"homes: no value of its groups .* few_households\)"):
        make(run, {})
    assert not run.settings.paths.latest.exists()
