"""What a data scientist gets: a release that opens everywhere, explains itself and leads back to the raw lines."""

import json
from collections.abc import Callable
from pathlib import Path

import frictionless
import pandas
import polars
import pyarrow.parquet as pq
import pytest

from include.core import files
from include.core.errors import ContractError
from include.registry import Run
from include.release import release as releases
from include.release.publish import publish
from include.release.upload import expired
from tests.support.platform import Platform
from tests.support.raw_files import small_drive, thermopro, times

pytestmark = pytest.mark.xdist_group("release")  # one process has its installations


@pytest.fixture(scope="module")
def platform(templates: Callable[..., Platform]) -> Platform:
    return templates("2026-02-04", small_drive)


def test_it_opens_in_duckdb_pandas_polars_and_pyarrow(platform: Platform) -> None:
    for path in sorted(platform.release.path.glob("*.parquet")):
        rows = pq.read_table(path).num_rows
        assert rows > 0, path.name
        assert platform.query(f"select count(*) from {path.stem}") == [(rows,)]
        assert len(pandas.read_parquet(path)) == rows
        assert polars.read_parquet(path).height == rows
    hourly = pandas.read_parquet(platform.release.path / "public_dataset_hourly.parquet")
    assert str(hourly["timestamp"].dtype.tz) == "UTC"


def test_it_is_a_valid_data_package(platform: Platform) -> None:
    report = frictionless.validate(str(platform.release.path / "datapackage.json"))
    assert report.valid, report.flatten(["path", "type", "note"])


def test_the_explorer_has_every_series_and_its_checksums_are_the_release_s(
    platform: Platform,
) -> None:
    folder = platform.release.path
    sums = dict(line.split("  ")[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert {
        name for name in files.names_below(folder) if name not in ("run.json", "SHA256SUMS")
    } == sums.keys()
    index = json.loads((folder / "explorer/data/index.json").read_text())
    hours = 0
    for series in index["series"]:
        for year, number in series["packs"].items():
            name = f"explorer/data/{series['building_id']}/{year}/{number}.json"
            assert sums[name] == files.sha256(folder / name)
            pack = json.loads((folder / name).read_text())["series"][series["id"]]
            hours += sum(value is not None for value in pack["hours"]["value"])
    assert [(hours,)] == platform.query("select count(*) from public_dataset_hourly")
    assert (index["version"], index["packs"]) == (platform.release.version, True)


def test_every_table_has_the_declared_columns_and_unique_keys(platform: Platform) -> None:
    for table in json.loads((platform.release.path / "schema.json").read_text())["tables"]:
        name, key = table["file"].removesuffix(".parquet"), ", ".join(table["key"])
        assert [column["name"] for column in table["columns"]] == platform.table(name).column_names
        assert all(column["description"] for column in table["columns"])
        assert platform.query(
            f"select count(*) from (select {key} from {name} group by all having count(*) > 1)"
        ) == [(0,)], name


def test_a_day_on_which_a_datasource_is_silent_has_a_row(platform: Platform) -> None:
    """It was first heard of on 29 January, and last on 2 February."""
    days = platform.query(
        "select distinct local_date::varchar from metric_daily_summary order by 1"
    )
    assert [day for (day,) in days] == [
        "2026-01-29",
        "2026-01-30",
        "2026-01-31",
        "2026-02-01",
        "2026-02-02",
        "2026-02-03",
    ]
    silent = platform.query(
        "select local_date::varchar, datasource_id, measurement, row_count, unique_timestamps, null_count,"
        " null_pct, avg_value, locations_active, completeness from metric_daily_summary"
        " where local_date > '2026-02-02' and datasource_id = 'sm2_thermopro' order by all"
    )
    nothing = (0, 0, 0, None, None, 0, 0.0)
    assert silent == [
        ("2026-02-03", "sm2_thermopro", "humidity_indoor", *nothing),
        ("2026-02-03", "sm2_thermopro", "temp_indoor", *nothing),
    ]


def test_a_published_hour_leads_back_to_its_raw_lines(platform: Platform) -> None:
    hour, mean = platform.query(
        "select timestamp, value_mean from public_dataset_hourly where location = '3PP-S5' or measurement = 'humidity_indoor' limit 1"
    )[0]
    readings = platform.query(
        f"select source_file, source_line, value from public_dataset_raw where timestamp = '{hour}' and measurement = 'humidity_indoor' and value = {mean}"
    )
    lineage = json.loads((platform.release.path / "lineage.json").read_text())
    number, line, value = readings[0]
    source = next(entry for entry in lineage["inputs"] if entry["source_file"] == number)
    text = (platform.raw / source["path"]).read_text().splitlines()[line - 1]
    assert float(text.split(",")[3]) == value


def test_the_accounting_stands_in_the_lineage_and_adds_up(platform: Platform) -> None:
    lineage = json.loads((platform.release.path / "lineage.json").read_text())
    counted = lineage["conservation"]
    cells = 120 * 2 * 2 + 120 * 5
    assert (
        counted["cells"]
        == cells
        == sum(counted[name] for name in ("readings", "nulls", "unmapped", "ignored", "unparsable"))
    )
    assert counted["readings"] == counted["kept"] + counted["duplicates"] + counted["superseded"]
    assert {entry["sha256"] for entry in lineage["inputs"]} == {
        version.sha256 for version in platform.ledger.versions
    }
    assert {entry["datasource_id"]: entry["status"] for entry in lineage["datasources"]}[
        "sm2_weather"
    ] == "planned"


def test_days_weeks_and_months_follow_the_buildings_calendar(platform: Platform) -> None:
    assert platform.query("select distinct timestamp::varchar from public_dataset_monthly") == [
        ("2025-12-31 23:00:00+00",)
    ]
    assert platform.query(
        "select distinct timestamp::varchar from public_dataset_weekly order by 1"
    ) == [("2026-01-25 23:00:00+00",)]
    assert platform.query(
        "select min(count), max(count) from public_dataset_daily where source = 'ThermoPro'"
    ) == [(24, 24)]
    assert platform.query("select max(timestamp)::varchar from public_dataset_hourly") == [
        ("2026-02-02 22:00:00+00",)
    ]


def test_a_month_that_was_public_does_not_disappear(platform: Platform, tmp_path: Path) -> None:
    settings = platform.settings
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            releases,
            "_months_covered",
            lambda database, release: (
                {("sm2", "Atrea", "2026-01")} if release.name[0] != "." else set()
            ),
        )
        with pytest.raises(ContractError, match="would lose 1 months"):
            releases.build(Run(settings, platform.registry, platform.release.as_of), {})


def test_a_building_may_hold_everything_back_while_a_file_is_refused(
    platform: Platform, tmp_path: Path
) -> None:
    held = platform.copy(tmp_path)
    (held.raw / "Graph_09_broken.csv").write_bytes(b"")
    held.run("2026-02-04", only="refresh")
    holding = held.registry.building("sm2").model_copy(update={"on_refusal": "hold"})
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(ContractError, match="held back: 1 files"),
    ):
        patch.setattr("include.registry.registry.Registry.active_buildings", (holding,))
        publish(Run(held.settings, held.registry, held.release.as_of), {})


def test_a_file_that_changes_the_past_is_a_new_release_beside_the_old(
    platform: Platform, tmp_path: Path
) -> None:
    changed = platform.copy(tmp_path)
    old = changed.release
    thermopro(changed.raw, "050D", times("2026-01-30 00:00", 24))
    changed.run("2026-02-04")
    assert changed.release.version != old.version
    assert old.path.exists()
    assert {path.name for path in (changed.drive / "Public/releases").iterdir()} == {
        old.version,
        changed.release.version,
    }


def test_the_last_thirty_releases_and_the_last_of_each_month_are_kept() -> None:
    versions = [
        f"2026-{month:02d}-{day:02d}-abcdef01" for month in (1, 2, 3) for day in range(1, 29)
    ]
    gone = expired(versions)
    assert len(versions) - len(gone) == 30 + 1
    assert "2026-01-28-abcdef01" not in gone
    assert "2026-01-27-abcdef01" in gone
