"""Airflow for real: `make ui`, a scheduler, an API server, assets that wake DAGs, and a cleared task group."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Locator, Page, sync_playwright
from starlette.routing import Mount

from cli import screenshots
from cli.ui import PASSWORDS
from include.core.settings import PROJECT_DIR, Settings
from include.engines import containers
from include.engines.containers import PLATFORM
from include.engines.graph.neo4j import Neo4j
from tests.support.containers import docker_or_skip, has_image
from tests.support.raw_files import Raw, small_drive, thermopro, times

NEO4J = Neo4j().service(Settings.from_environment())
pytestmark = pytest.mark.xdist_group("scheduler")  # one Airflow for all
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


ROLES = ("viewer", "user", "op")  # of Airflow, beside the admin


@dataclass
class Airflow:
    """The REST API of a running `make ui`."""

    address: str
    password: str
    process: psutil.Process
    token: str = ""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.address}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            },
        )
        with OPENER.open(
            request, timeout=120
        ) as answer:  # all DAGs start at once, maybe on a machine that has other work
            return json.loads(answer.read() or b"null")

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        return self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"]

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        instances = self.call(
            "GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=200"
        )["task_instances"]
        return {instance["task_id"]: instance["state"] for instance in instances}


def wait_for(what: Callable[[], Any], seconds: float) -> Any:
    """Wait so long on a usual machine, and four times as long on a slow one."""
    deadline = time.monotonic() + 4 * seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(1)
    raise AssertionError(f"not within {4 * seconds} s")


@contextlib.contextmanager
def running_airflow(folder: Path, **settings: str) -> Iterator[Airflow]:
    """`make ui` on a small drive."""
    small_drive(Raw(folder / "drive"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        "DATA_DIR": str(folder / "data"), "RCLONE_CONFIG_SM2DRIVE_TYPE": "alias", "RCLONE_CONFIG_SM2DRIVE_REMOTE": str(folder / "drive"), "PORT": str(port), **settings,
    }  # fmt: skip
    output = folder / "ui.txt"
    with output.open("w") as file:
        ui = subprocess.Popen(
            [sys.executable, PROJECT_DIR / "cli/ui.py"],
            env=environment,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        said = wait_for(
            lambda: (
                ui.poll() is not None
                or re.search(
                    r"(http://localhost:\d+)\s+user (\w+), password (\S+)", output.read_text()
                )
            ),
            330,
        )
        assert said is not True, output.read_text()
        server = Airflow(said[1], said[3], psutil.Process(ui.pid))
        server.token = server.call(
            "POST", "/auth/token", {"username": said[2], "password": said[3]}
        )["access_token"]
        yield server
    finally:
        ui.send_signal(signal.SIGINT)
        ui.wait(timeout=90)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With `drive`, and `data` of the one Airflow of these tests."""
    return tmp_path_factory.mktemp("airflow")


@pytest.fixture(scope="module")
def airflow(folder: Path) -> Iterator[Airflow]:
    """With Neo4j in a container, where there is Docker."""
    users = ",".join(["admin:admin", *(f"{role}:{role}" for role in ROLES)])
    with running_airflow(
        folder,
        WATCH_SECONDS="5",
        AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL="600",  # no file of the DAGs changes
        GRAPH_ENGINE="neo4j" if has_image(NEO4J.image) else "ladybug",
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS=users,
    ) as server:
        dags = len(list((PROJECT_DIR / "dags").glob("*.py")))
        wait_for(lambda: server.call("GET", "/api/v2/dags")["total_entries"] == dags, 60)
        yield server


def test_a_killed_task_is_tried_again_and_its_container_is_gone_in_the_end(
    airflow: Airflow, folder: Path
) -> None:
    cli = docker_or_skip(NEO4J.image)
    ours = {f"{PLATFORM}.data_dir": str(folder / "data")}
    dag_id = "sync_building_hierarchy"

    def state(task_id: str) -> tuple[str, int] | None:
        runs = airflow.runs(dag_id)
        if not runs:
            return None
        task = airflow.call(
            "GET",
            f"/api/v2/dags/{dag_id}/dagRuns/{runs[0]['dag_run_id']}/taskInstances/{task_id}",
        )
        return task["state"], task["try_number"]

    container = wait_for(lambda: next(iter(containers.find(cli, ours)), None), 240)["Id"]
    secret = containers.secret_of(cli, container, NEO4J)
    wait_for(lambda: state("neo4j.start") == ("success", 1), 240)
    cli.pause(container)  # so that its client waits until it is found
    ports = {int(bound["HostPort"]) for port in NEO4J.ports for bound in cli.port(container, port)}

    def its_client() -> int | None:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.raddr
                and connection.raddr.port in ports
                and connection.status == "ESTABLISHED"
            ):
                return connection.pid
        return None

    try:
        os.kill(wait_for(its_client, 60), signal.SIGKILL)
    finally:
        cli.unpause(container)
    wait_for(lambda: ended(airflow, dag_id, "asset_triggered"), 240)
    ended_as, tries = state("neo4j.build_in_engine") or ("", 0)
    assert ended_as == "success" and tries > 1, "a busy machine may need a third"
    wait_for(lambda: containers.find(cli, ours) == [], 60)
    assert [
        path
        for path in (folder / "data").rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ] == []


CHAIN = (
    "sync_building_hierarchy",
    "monitor_quality",
    "aggregate_and_publish",
    "forecast",
    "refresh",
)


def test_assets_wake_the_dags_and_their_pages_open(airflow: Airflow, folder: Path) -> None:
    assert airflow.call("GET", "/api/v2/importErrors")["import_errors"] == []
    assert [
        dag["dag_id"] for dag in airflow.call("GET", "/api/v2/dags")["dags"] if dag["is_paused"]
    ] == []
    assert airflow.call("GET", "/api/v2/pools/drives")["slots"] == 4
    woken = {
        dag_id: wait_for(lambda dag_id=dag_id: ended(airflow, dag_id, "asset_triggered"), 400)
        for dag_id in CHAIN
        if dag_id != "refresh"
    }
    wait_for(
        lambda: ended(airflow, "refresh", "scheduled"), 120
    )  # of last midnight; the watcher may have been first
    first = min(airflow.runs("refresh"), key=lambda run: run["start_date"] or run["run_after"])
    assert first["note"].startswith("3 new files accepted, 0 problems; 1,080 readings kept")
    each_task_logs_what_it_did(airflow, first["dag_run_id"])
    assert woken["aggregate_and_publish"]["note"].startswith("latest release: ")

    nobody_else_comes_in(airflow, folder / "data")
    nobody_reads_the_pages_without_a_login(airflow)
    each_role_reads_what_is_public(airflow, folder / "data/airflow")
    openlineage_knows_the_assets(airflow, folder)
    the_pages_open_in_a_browser(airflow)
    a_cleared_group_succeeds_again(airflow, woken["aggregate_and_publish"]["dag_run_id"])
    a_new_file_wakes_refresh(airflow, folder)
    every_dag_is_triggered_from_its_page(airflow)


LOGS = {
    "sm2_thermopro.sync": "sm2_thermopro: files listed: 2, of this datasource: 2, new or changed: 2, copied: 2 (",
    "sm2_thermopro.validate_schema": "file versions judged: 2; accepted: 2, with 240 rows",
    "register_files": "new file versions accepted: 3; problems: 0",
    "plan_months": "months to build: sm2.2026-01, sm2.2026-02",
    "store_readings": "months stored: 2, dropped: 0",
}


def each_task_logs_what_it_did(airflow: Airflow, run_id: str) -> None:
    for task_id, said in LOGS.items():
        log = airflow.call(
            "GET",
            f"/api/v2/dags/refresh/dagRuns/{run_id}/taskInstances/{task_id}/logs/1?full_content=true",
        )["content"]
        assert said in json.dumps(log), task_id


def ended(airflow: Airflow, dag_id: str, run_type: str, run_id: str = "") -> dict[str, Any] | None:
    """A run that has ended, and well."""
    for run in airflow.runs(dag_id):
        if (
            run["run_type"] == run_type
            and run["state"] in ("success", "failed")
            and run_id in ("", run["dag_run_id"])
        ):
            assert run["state"] == "success", airflow.states(dag_id, run["dag_run_id"])
            return run
    return None


def nobody_else_comes_in(airflow: Airflow, data: Path) -> None:
    """Every server listens on this machine only, and Airflow's files are their owner's alone; releases are for all."""
    processes = [airflow.process, *airflow.process.children(recursive=True)]
    listening = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # a task of a moment ago
            open_ports = process.net_connections("inet")
            listening += [port.laddr for port in open_ports if port.status == psutil.CONN_LISTEN]
    assert listening
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}, listening
    assert (data / "airflow").stat().st_mode & 0o077 == 0
    secrets = [
        path
        for path in (data / "airflow").iterdir()
        if path.suffix in (".cfg", ".db", ".generated", ".log")
    ]
    assert len(secrets) == 4
    assert [path.name for path in secrets if path.stat().st_mode & 0o077] == []
    assert (data / "releases/latest/SHA256SUMS").stat().st_mode & 0o004


def nobody_reads_the_pages_without_a_login(airflow: Airflow) -> None:
    from sensor_platform.pages import app

    paths = [re.sub(r"\{[\w:]+\}", "x", route.path) for route in app.routes]
    assert len(paths) >= 15
    assert not any(isinstance(route, Mount) for route in app.routes), "a mount has no login"
    for path in paths:
        with pytest.raises(urllib.error.HTTPError) as refused:
            OPENER.open(f"{airflow.address}/platform{path}", timeout=30)
        assert refused.value.code == 401, path
    api = "/platform/api/v1"
    health = f"{api}/buildings/sm2/health"
    findings = airflow.call("GET", f"{health}/findings?open=true")["findings"]
    assert {cause["check"] for cause in findings} == {"silent"}, "its files end in February 2026"
    assert airflow.call("GET", f"{health}/quarantine")["quarantine"] == []
    assert airflow.call("GET", f"{health}/accounting")["accounting"]["kept"] == 1080
    assert airflow.call("GET", f"{api}/health")["look"]
    (found,) = airflow.call("GET", f"{api}/buildings")["buildings"]
    assert found["building_id"] == "sm2"
    table = f"{api}/releases/{found['release']}/files/public_dataset_daily.parquet"
    request = urllib.request.Request(
        airflow.address + table, headers={"Authorization": f"Bearer {airflow.token}"}
    )
    with OPENER.open(request, timeout=30) as answer:
        assert answer.read(4) == b"PAR1"


def each_role_reads_what_is_public(airflow: Airflow, home: Path) -> None:
    passwords = json.loads((home / PASSWORDS).read_text())
    assert passwords.keys() == {"admin", *ROLES}
    for role in ROLES:
        own = replace(airflow, token="")
        login = {"username": role, "password": passwords[role]}
        own.token = own.call("POST", "/auth/token", login)["access_token"]
        (found,) = own.call("GET", "/platform/api/v1/buildings")["buildings"]
        assert (found["building_id"], found["is_whole"]) == ("sm2", True), role
        assert own.call("GET", "/platform/api/v1/health")["look"], role


def openlineage_knows_the_assets(airflow: Airflow, folder: Path) -> None:
    events = [
        json.loads(line)
        for line in (folder / "data/airflow/openlineage.ndjson").read_text().splitlines()
    ]
    written = {
        (dataset["namespace"], dataset["name"]) for event in events for dataset in event["outputs"]
    }
    made = [
        asset["uri"]
        for asset in airflow.call("GET", "/api/v2/assets")["assets"]
        if asset["producing_tasks"]
    ]
    assert len(made) == 5
    assert {
        ("file://building-sensor-platform", uri.removeprefix("file://building-sensor-platform"))
        for uri in made
    } <= written
    assert {name for _, name in written if name.startswith("memory.main.fct_")} == {
        f"memory.main.fct_{table}"
        for table in ("amounts", "file_accounting", "rejected_readings", "sensor_readings")
    }


def the_pages_open_in_a_browser(airflow: Airflow) -> None:
    if screenshots.browser() is None:
        warnings.warn(
            "Airflow's pages were not walked: there is no browser (apt install chromium)",
            stacklevel=1,
        )  # pytest prints it in the end
        return
    assert screenshots.walk(airflow.address, airflow.password) == []


# The configuration that each form sends as it opens, and with all its fields filled in. None: it cannot be sent.
AS_OF_FORM: list[dict[str, Any] | None] = [{"as_of": None}, {"as_of": "2026-02-01"}]
NO_FORM: list[dict[str, Any] | None] = [{}]
FORMS: dict[str, list[dict[str, Any] | None]] = {
    "aggregate_and_publish": [
        {"as_of": None, "building": None},
        {"as_of": "2026-02-01T06:00Z", "building": "sm2"},
    ],
    "forecast": AS_OF_FORM,
    "maintain_platform": NO_FORM,
    "monitor_quality": AS_OF_FORM,
    "refresh": [
        {"as_of": None, "building": None, "skip_checks": [], "skip_reason": None},
        {
            "as_of": "2026-02-01T06:00Z",
            "building": "sm2",
            "skip_checks": ["new_columns", "row_count"],
            "skip_reason": "exported at once",
        },
    ],
    "erase": [None, {"place": "sm2.1NP"}],
    "export": [None, {"place": "sm2.1NP"}],
    "restore_month": [None, {"building": "sm2", "months": ["2026-01", "2026-02"]}],
    "sync_building_hierarchy": NO_FORM,
}


def every_dag_is_triggered_from_its_page(airflow: Airflow) -> None:
    """Paused, so that the runs wait: what counts is what they were told."""
    known = {
        dag["dag_id"]: set(airflow.call("GET", f"/api/v2/dags/{dag['dag_id']}/details")["params"])
        for dag in airflow.call("GET", "/api/v2/dags")["dags"]
    }
    assert {dag_id: set(forms[-1] or ()) for dag_id, forms in FORMS.items()} == known
    with pytest.raises(urllib.error.HTTPError, match="400"):
        airflow.call(
            "POST",
            "/api/v2/dags/restore_month/dagRuns",
            {"logical_date": None, "conf": {"months": []}},
        )
    if screenshots.browser() is None:
        return  # the pages before have warned
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=screenshots.browser(), args=["--no-sandbox"]
        )
        page = chromium.new_page(base_url=airflow.address, viewport={"width": 1400, "height": 1200})
        screenshots.log_in(page, airflow.password)
        wait_for(
            lambda: (
                not [
                    run
                    for dag_id in FORMS
                    for run in airflow.runs(dag_id)
                    if run["state"] in ("running", "queued")
                ]
            ),
            300,
        )
        for dag_id in FORMS:  # while tasks run, a write may find Airflow's database locked
            airflow.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": True})
        for dag_id, forms in FORMS.items():
            for wanted in forms:
                page.goto(f"/dags/{dag_id}")
                sent = trigger(page, wanted)
                assert (sent and sent["conf"]) == wanted, dag_id
                if sent:
                    assert (
                        airflow.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{sent['dag_run_id']}")[
                            "conf"
                        ]
                        == wanted
                    )
        chromium.close()


def trigger(page: Page, wanted: dict[str, Any] | None) -> dict[str, Any] | None:
    """Fill in the form of the DAG that is open and send it; the run that Airflow answers with, or None if it cannot be sent."""
    page.get_by_test_id("trigger-dag-button").first.click()
    form, submit = page.get_by_role("dialog"), page.get_by_test_id("trigger-dag-submit")
    form.get_by_text("on trigger").click()  # "Unpause … on trigger" is chosen when the form opens
    for name, value in (wanted or {}).items():
        if value:
            fill(page, page.locator(f"#element_{name}"), value)
    if wanted is None:
        assert not submit.is_enabled()
        page.keyboard.press("Escape")
        form.wait_for(state="hidden")
        return None
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and answer.url.endswith("/dagRuns")
    ) as answer:
        submit.click()
    assert answer.value.ok, answer.value.text()
    form.wait_for(state="hidden")
    return dict(answer.value.json())


def fill(page: Page, field: Locator, value: Any) -> None:
    if field.evaluate("element => element.tagName") != "DIV":
        field.fill(value if isinstance(value, str) else "\n".join(value))
        return
    for choice in [value] if isinstance(value, str) else value:
        field.locator("input").first.click()
        page.get_by_role("option", name=choice, exact=True).click()


def a_new_file_wakes_refresh(airflow: Airflow, folder: Path) -> None:
    before = len(airflow.runs("refresh"))
    thermopro(Raw(folder / "drive"), "CCEA", times("2026-01-29 00:00", 24), exported=1769904999)
    woken = wait_for(lambda: len(airflow.runs("refresh")) > before and airflow.runs("refresh"), 60)
    assert max(woken, key=lambda run: run["run_after"])["run_type"] == "asset_triggered"


def a_cleared_group_succeeds_again(airflow: Airflow, run_id: str) -> None:
    """Also after a later run that had nothing to aggregate."""
    later = airflow.call(
        "POST", "/api/v2/dags/aggregate_and_publish/dagRuns", {"logical_date": None}
    )["dag_run_id"]
    wait_for(lambda: ended(airflow, "aggregate_and_publish", "manual", later), 120)
    assert (
        airflow.states("aggregate_and_publish", later)["aggregate.dbt_producer_watcher"]
        == "skipped"
    )
    group = [
        task_id
        for task_id in airflow.states("aggregate_and_publish", run_id)
        if task_id.startswith("aggregate.")
    ]
    for task_ids in (group, ["aggregate.models.3_aggregations.agg_daily.run"]):
        airflow.call(
            "POST",
            "/api/v2/dags/aggregate_and_publish/clearTaskInstances",
            {
                "dry_run": False,
                "dag_run_id": run_id,
                "task_ids": task_ids,
                "only_failed": False,
                "include_downstream": False,
            },
        )
        time.sleep(2)
        wait_for(lambda: ended(airflow, "aggregate_and_publish", "asset_triggered", run_id), 300)
        states = airflow.states("aggregate_and_publish", run_id)
        assert {states[task_id] for task_id in group} == {"success"}, (
            "the build is done again, not skipped"
        )
