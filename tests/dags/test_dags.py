"""The DAGs as Airflow sees them, without running them."""

import subprocess
import sys

import pytest
from airflow.models.asset import AssetActive, AssetModel
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk.bases.xcom import BaseXCom
from airflow.utils.session import create_session
from cosmos.constants import _DBT_STARTUP_EVENTS_XCOM_KEY
from cosmos.operators._watcher import state as keys
from cosmos.operators._watcher.aggregation import get_tests_status_xcom_key

from cli import load_settings
from cli.run import asset_names, in_asset_order
from include.core.settings import PROJECT_DIR
from include.registry import load_registry
from sensor_platform.internals.airflow_runs import register_dags
from sensor_platform.internals.xcom import UNREAD
from tests.support.platform import dag_bag

DAGS = {
    "refresh",
    "aggregate_and_publish",
    "erase",
    "export",
    "forecast",
    "maintain_platform",
    "monitor_quality",
    "restore_month",
    "sync_building_hierarchy",
}
MODEL = "model.sensor_platform.stg_cells"


def test_all_dags_are_there_and_import_without_errors(airflow_database: None) -> None:
    assert (
        set(dag_bag().dags) == DAGS == {path.stem for path in (PROJECT_DIR / "dags").glob("*.py")}
    )
    assert dag_bag().import_errors == {}


@pytest.mark.parametrize("dag_id", sorted(DAGS))
def test_a_dag_says_what_it_makes_when_it_runs_and_what_to_do(dag_id: str) -> None:
    dag = dag_bag().dags[dag_id]
    for heading in (
        "**Produces**",
        "**Runs**",
        "**Re-run a day:**",
        "**When it fails",
        "docs/runbook.md",
    ):
        assert heading in dag.doc_md
    assert dag.tags
    assert dag.max_active_runs == 1
    assert not dag.catchup
    assert dag.default_args["retries"] >= 2
    assert all(task.owner == "data-platform" for task in dag.tasks)


# Airflow as well parses each file in a process that has imported Airflow already.
PARSE_EACH = """
import time
import os, runpy, sys, airflow.sdk, cosmos
print("imports", time.process_time(), flush=True)
for path in sys.argv[1:]:
    if os.fork() == 0:
        runpy.run_path(path)
        print(path, time.process_time(), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0
"""


def test_a_dag_file_parses_in_under_two_seconds() -> None:
    """Of a processor, since other tests share it. On a slow machine: in less time than Airflow and
    Cosmos take to be imported.
    """
    slow = [str(path) for path in sorted((PROJECT_DIR / "dags").glob("*.py"))]
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", PARSE_EACH, *slow],
            cwd=PROJECT_DIR,
            capture_output=True,
            text=True,
            check=True,
        )
        said = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
        limit = max(2, float(said.pop("imports")))
        assert said.keys() == set(slow)
        if not (slow := [path for path, seconds in said.items() if float(seconds) >= limit]):
            return
    raise AssertionError(f"not once in three: {', '.join(slow)}")


def test_make_run_leaves_out_what_cosmos_reports_of_progress_and_no_more() -> None:
    unread = [
        keys.get_dbt_event_xcom_key(MODEL),
        keys.get_compiled_sql_xcom_key(MODEL),
        _DBT_STARTUP_EVENTS_XCOM_KEY,
    ]
    assert all(key.endswith(UNREAD) for key in unread)
    read = [
        keys.get_status_xcom_key(MODEL),
        get_tests_status_xcom_key(MODEL),
        BaseXCom.XCOM_RETURN_KEY,
    ]
    assert not any(key.endswith(UNREAD) for key in read)


def test_every_datasource_of_the_registry_is_read_by_refresh() -> None:
    refresh = dag_bag().dags["refresh"]
    for datasource in load_registry(PROJECT_DIR / "include/dbt/seeds").datasources:
        gate = refresh.get_task(f"{datasource.datasource_id}.quality_gate")
        upstream = {task.task_id for task in gate.get_flat_relatives(upstream=True)}
        assert {
            f"{datasource.datasource_id}.sync",
            f"{datasource.datasource_id}.validate_schema",
            "restore_state",
        } <= upstream
        assert gate.downstream_task_ids == {"register_files"}


@pytest.mark.parametrize(
    ("dag_id", "start", "image", "computes"),
    [
        (
            "aggregate_and_publish",
            "influxdb.start",
            "influxdb:2.7",
            "aggregate.dbt_producer_watcher",
        ),
        ("sync_building_hierarchy", "neo4j.start", "neo4j:5.26", "build_hierarchy"),
    ],
)
def test_the_containers_of_the_engines_are_shown_whichever_computes(
    dag_id: str, start: str, image: str, computes: str
) -> None:
    dag = dag_bag().dags[dag_id]
    task = dag.get_task(start)
    assert isinstance(task, DockerOperator)
    assert image in task.image
    assert task.is_setup and dag.get_task(start.replace("start", "stop")).is_teardown
    assert dag.get_task(computes).trigger_rule == "none_failed", "where the container is skipped"


def test_assets_are_not_named_by_a_place() -> None:
    assets = [
        asset
        for dag in dag_bag().dags.values()
        for task in dag.tasks
        for asset in (*task.inlets, *task.outlets)
    ]
    uris = {asset.name: asset.uri for asset in assets}
    assert uris == {
        name: f"file://building-sensor-platform/{name}"
        for name in ("readings", "public_dataset", "forecasts", "hierarchy", "hierarchy_seeds")
    }


def test_a_database_that_knows_an_asset_by_another_uri_goes_on(airflow_database: None) -> None:
    with create_session() as session:
        session.query(AssetActive).filter_by(name="readings").delete()
        asset = AssetModel(name="readings", uri="file:///moved/from/here/readings", group="marts")
        session.add(asset)
        session.flush()
        session.add(AssetActive.for_asset(asset))
    register_dags(dag_bag())
    with create_session() as session:
        assert [active.uri for active in session.query(AssetActive).filter_by(name="readings")] == [
            "file://building-sensor-platform/readings"
        ]


def test_the_layers_of_dbt_are_task_groups() -> None:
    groups = set(dag_bag().dags["refresh"].task_group.get_task_group_dict())
    assert {
        "transform.models.0_landing",
        "transform.models.1_staging",
        "transform.models.2_marts",
    } <= groups
    assert (
        "aggregate.models.3_aggregations"
        in dag_bag().dags["aggregate_and_publish"].task_group.get_task_group_dict()
    )


def test_reports_on_models_wait_for_the_build() -> None:
    for dag_id, group in (("refresh", "transform."), ("aggregate_and_publish", "aggregate.")):
        tasks = [
            task
            for task in dag_bag().dags[dag_id].tasks
            if task.task_id.startswith(group) and hasattr(task, "producer_task_id")
        ]
        assert len(tasks) > 5
        for task in tasks:
            if f"{group}dbt_producer_watcher" in task.upstream_task_ids:
                assert task.trigger_rule == "one_done", (
                    "a report on a build that never began waits for ever"
                )
            assert f"{group}dbt_producer_watcher" in {
                up.task_id for up in task.get_flat_relatives(upstream=True)
            }


def test_the_second_dag_is_started_by_the_readings_and_nothing_else() -> None:
    assert asset_names(dag_bag().dags["aggregate_and_publish"].timetable.asset_condition) == {
        "readings"
    }
    makers = [
        task.task_id
        for task in dag_bag().dags["refresh"].tasks
        for outlet in task.outlets
        if outlet.name == "readings"
    ]
    assert makers == ["store_readings"]
    order = in_asset_order(dag_bag().dags)
    assert (
        order.index("refresh")
        < order.index("sync_building_hierarchy")
        < order.index("aggregate_and_publish")
    )


def test_a_failed_transformation_or_publication_fails_its_dag() -> None:
    leaves = {dag_id: {task.task_id for task in dag_bag().dags[dag_id].leaves} for dag_id in DAGS}
    assert "report" in leaves["refresh"], "it fails if store_readings has left nothing"
    assert "publish" in leaves["aggregate_and_publish"]


def test_the_pools_that_dags_name_are_those_of_the_settings_file() -> None:
    """Without its pool a task waits for ever."""
    named = {task.pool for dag in dag_bag().dags.values() for task in dag.tasks} - {"default_pool"}
    assert named == {pool["pool_name"] for pool in load_settings.pools()} == {"drives"}


def test_the_schedules_are_the_owners() -> None:
    """`refresh` at midnight, the publication after it, the hierarchy on Saturdays."""
    timetables = {
        dag_id: getattr(dag.timetable, "timetable", None) for dag_id, dag in dag_bag().dags.items()
    }
    kept = {dag_id: table.serialize() for dag_id, table in timetables.items() if table}
    crons = {dag_id: row.get("expressions") or [row["expression"]] for dag_id, row in kept.items()}
    assert crons["refresh"] == ["0 0 * * *"]
    assert crons["sync_building_hierarchy"] == ["0 2 * * 6"]
    assert "aggregate_and_publish" not in crons
