"""There is always a way back: an older state is brought up to date, a file is withdrawn, and a lost input stops nothing else."""

import json
import shutil
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from include.core import files
from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR
from include.ingest.register import read_outcome
from include.ledger.ledger import Ledger, read_file
from include.release.history import read_history
from include.replication import state
from tests.support.platform import Platform, tree
from tests.support.raw_files import thermopro, times

pytestmark = pytest.mark.xdist_group("ways_back")  # one process has its installations
STATE_FORMAT_1 = (
    PROJECT_DIR / "tests/support/state_format_1.tar.gz"
)  # three files, one of them corrected, one gone, one refused


@pytest.fixture
def old(tmp_path: Path, airflow_database: None) -> Platform:
    """An installation as a checkout of state format 1 left it."""
    with tarfile.open(STATE_FORMAT_1) as packed:
        packed.extractall(tmp_path / "old", filter="data")
    return Platform(tmp_path / "old/drive", tmp_path / "old/data")


def is_parquet(path: Path) -> bool:
    return path.suffix == ".parquet"


def identities(platform: Platform) -> list[tuple[int, str, str]]:
    return [(v.number, v.path, v.sha256) for v in platform.ledger.versions]


@pytest.mark.parametrize("from_remote", [False, True])
def test_the_state_of_an_older_checkout_is_brought_up_to_date_once(
    old: Platform, from_remote: bool
) -> None:
    before = [(v.number, v.path, v.sha256) for v in read_file(old.data / "ledger.parquet")]
    tables = {path.name: pq.read_table(path) for path in old.release.path.glob("*.parquet")}
    archive = tree(old.data / "archive", is_parquet)
    readings = tree(
        old.data / "readings", lambda path: path.suffix == ".parquet" and path.stem != "accounting"
    )
    if from_remote:
        shutil.rmtree(old.data)
    old.run("2026-02-04")
    assert identities(old) == before
    assert [v.verdict for v in old.ledger.versions] == [
        "accepted",
        "gone",
        "accepted",
        "accepted",
        "refused",
        "accepted",
    ]
    outcome = read_outcome(old.settings)
    assert outcome is not None and outcome.notes == [
        "State brought to format 4: 4 file versions were read again, all months are built again"
    ]
    assert tree(old.data / "readings", is_parquet) == readings
    here = tree(old.data / "archive", is_parquet)
    assert {name: archive[name] for name in here} == here, "no new revision, and the same bytes"
    changed = {
        path.name
        for path in old.release.path.glob("*.parquet")
        if in_order(pq.read_table(path)) != in_order(tables[path.name])
    }
    assert changed == {
        "dim_datasource.parquet",  # one more source
        "dim_measurement.parquet",  # kind and amount
        "dim_sensor.parquet",  # a new column, period
        "metric_daily_summary.parquet",  # rows of silent days
        "public_dataset_hierarchy.parquet",  # coordinates of the building
    }
    assert {file.month for file in read_history(old.release.path / "lineage.json")} == {
        "2026-01",
        "2026-02",
    }
    landed = {
        path.name
        for path in (old.data / "landing").rglob("*")
        if path.is_file() and path.suffix != ".parquet"
    }
    assert landed >= {v.sha256 for v in old.ledger.versions if v.verdict == "accepted"} and {
        len(name) for name in landed
    } == {64}
    old.run("2026-02-04", only="refresh")
    outcome = read_outcome(old.settings)
    assert outcome is not None and outcome.notes == []


def in_order(table: pa.Table) -> list[str]:
    """The rows of a table, whatever their order and bytes."""
    return sorted(map(str, table.to_pylist()))


def test_the_state_of_a_newer_checkout_is_refused(published) -> None:
    platform = published("2026-02-04")
    settings = platform.settings
    ledger = settings.paths.ledger("sm2")
    table = pq.read_table(ledger)
    files.write_parquet(ledger, table.replace_schema_metadata({b"state_format": b"99"}))
    with pytest.raises(
        ConfigurationError, match="state format 99, this checkout reads up to 4"
    ) as refused:
        Ledger.read(settings.paths)
    assert "update this checkout" in refused.value.cure
    (remote,) = (platform.drive / "Platform/state").glob("sm2@*.json")
    files.write_sealed(remote, {**files.read_sealed(remote), "state_format": 99})
    with pytest.raises(ConfigurationError, match="state format 99"):
        state.remote_states(settings)


def test_a_file_is_withdrawn_from_a_day_on_and_comes_back(published, seeds: Path) -> None:
    platform = published("2026-02-04")
    whole, before = platform.sums, platform.release
    graph, sensor = (
        platform.version_of("Graph_01_20260129_20260203.csv"),
        platform.version_of("ThermoProSensor_export_493D_1769904007.csv"),
    )
    header = (seeds / "withdrawals.csv").read_text()
    rows = [
        f"{version.sha256},the unit was being repaired,Jana,2026-02-05"
        for version in (graph, sensor)
    ]
    (seeds / "withdrawals.csv").write_text(header + "\n".join(rows) + "\n")

    platform.run("2026-02-04")
    assert platform.release.version == before.version, "not before the day"
    platform.run("2026-02-05")
    assert platform.query("select distinct source, sensor_id from public_dataset_raw") == [
        ("ThermoPro", "072B")
    ]
    assert platform.query("select distinct source from public_dataset_hourly") == [("ThermoPro",)]
    lineage = json.loads((platform.release.path / "lineage.json").read_text())
    assert {
        (row["source_file"], row["reason"], row["owner"], row["from"])
        for row in lineage["withdrawn"]
    } == {
        (version.number, "the unit was being repaired", "Jana", "2026-02-05")
        for version in (graph, sensor)
    }
    assert {row["source_file"] for row in lineage["inputs"]}.isdisjoint(
        {graph.number, sensor.number}
    )

    every = {version.sha256 for version in platform.ledger.versions}
    (seeds / "withdrawals.csv").write_text(
        header + "".join(f"{digest},all of it,Jana,2026-02-06\n" for digest in every)
    )
    platform.run("2026-02-06")
    assert platform.states["aggregate_and_publish"] == "success"
    assert platform.query("select count(*) from public_dataset_hourly") == [(0,)]
    assert list((platform.data / "readings").rglob("*.parquet")) == []

    (seeds / "withdrawals.csv").write_text(header)
    platform.run("2026-02-07")
    tables = [
        line
        for line in platform.sums.splitlines()
        if line.endswith(("hourly.parquet", "raw.parquet"))
    ]
    assert tables == [
        line for line in whole.splitlines() if line.endswith(("hourly.parquet", "raw.parquet"))
    ]


@pytest.mark.parametrize(
    "name", ["ThermoProSensor_export_493D_1769904007.csv", "Graph_01_20260129_20260203.csv"]
)
def test_an_input_of_which_no_copy_is_left_is_named_and_everything_else_is_published(
    published, name: str
) -> None:
    platform = published("2026-02-04")
    lost, content = platform.version_of(name), (platform.raw / name).read_bytes()
    place = (lost.building_id, lost.datasource_id, lost.sha256)
    platform.settings.paths.landed(*place).write_bytes(b"not what it was")
    platform.settings.paths.landed_values(*place, lost.path).write_bytes(b"PAR1 and no more")
    (
        platform.drive
        / "Platform"
        / platform.settings.paths.landed(*place).relative_to(platform.data)
    ).unlink()
    (platform.raw / name).unlink()
    thermopro(platform.raw, "050D", times("2026-02-02 05:00", 30), exported=1770076800)
    platform.run("2026-02-04")
    assert platform.states["aggregate_and_publish.publish"] == "success"
    assert platform.states["refresh.report"] == "failed"
    outcome = read_outcome(platform.settings)
    assert outcome is not None and [
        problem
        for problem in outcome.problems
        if name in problem and "no copy of it is left" in problem
    ]
    assert (platform.data / f"quarantine/sm2/{lost.datasource_id}/{name}.json").exists()
    sensors = {
        sensor for (sensor,) in platform.query("select distinct sensor_id from public_dataset_raw")
    }
    assert sensors == (
        {"050D", "072B", "KOT1", "VZT01"} if "493D" in name else {"050D", "072B", "493D"}
    )
    lineage = json.loads((platform.release.path / "lineage.json").read_text())
    assert name in {row["path"] for row in lineage["refused"]}

    (platform.raw / name).write_bytes(content)
    platform.run("2026-02-05")
    assert [v.verdict for v in platform.ledger.versions if v.path == name] == ["accepted"]
    assert platform.ledger.refused() == [] and platform.states["refresh"] == "success"
    found = platform.table("public_dataset_raw").filter(
        pc.is_in(
            platform.table("public_dataset_raw")["source_file"], pc.cast([lost.number], "int32")
        )
    )
    assert found.num_rows == lost.cells


def test_a_seed_that_old_files_do_not_fit_takes_back_nothing(published, seeds: Path) -> None:
    platform = published("2026-02-04")
    before = platform.sums
    mappings = seeds / "datasource_mappings.csv"
    mappings.write_text(mappings.read_text().replace("Date+Time", "Datum+Time"))
    platform.run("2026-02-04", only="refresh")
    assert {v.verdict for v in platform.ledger.versions} == {"accepted"}
    kept = [
        finding.message
        for v in platform.ledger.versions
        for finding in v.findings
        if finding.check == "read_as_before"
    ]
    assert len(kept) == 2 and "no column 'Datum'" in kept[0]
    platform.run("2026-02-04", only="aggregate_and_publish")
    assert [line for line in platform.sums.splitlines() if "raw" in line] == [
        line for line in before.splitlines() if "raw" in line
    ]
