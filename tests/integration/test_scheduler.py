"""Airflow for real: `make ui`, a scheduler, an API server, assets that wake DAGs, and a cleared task group."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from include.settings import PROJECT_DIR
from tests.raw_files import small_drive

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Airflow:
    """The REST API of a running `make ui`."""

    address: str
    token: str = ""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.address}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **({"Authorization": f"Bearer {self.token}"} if self.token else {})},
        )
        with OPENER.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        return self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"]

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        instances = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=200")["task_instances"]
        return {instance["task_id"]: instance["state"] for instance in instances}


def wait_for(what: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(1)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    folder: Path = tmp_path_factory.mktemp("ui")
    small_drive(folder / "drive/raw")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        "DATA_DIR": str(folder / "data"), "RCLONE_CONFIG_SM2DRIVE_TYPE": "alias", "RCLONE_CONFIG_SM2DRIVE_REMOTE": str(folder / "drive"), "PORT": str(port),
    }  # fmt: skip
    output = folder / "ui.txt"
    with output.open("w") as file:
        ui = subprocess.Popen([sys.executable, PROJECT_DIR / "scripts/ui.py"], env=environment, stdout=file, stderr=file, start_new_session=True)
    try:
        said = wait_for(lambda: ui.poll() is not None or re.search(r"(http://localhost:\d+)\s+user (\w+), password (\S+)", output.read_text()), 150)
        assert said is not True, output.read_text()
        server = Airflow(said[1])
        server.token = server.call("POST", "/auth/token", {"username": said[2], "password": said[3]})["access_token"]
        yield server
    finally:
        ui.send_signal(signal.SIGINT)
        ui.wait(timeout=90)


def test_readings_wake_the_publishing_dag_and_a_cleared_group_succeeds_again(airflow: Airflow) -> None:
    assert airflow.call("GET", "/api/v2/importErrors")["import_errors"] == []
    wait_for(lambda: airflow.call("GET", "/api/v2/dags")["total_entries"] == 4, 60)
    for dag_id in ("aggregate_and_publish", "refresh"):  # unpausing starts the run of last midnight
        airflow.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
    run_id = wait_for(lambda: airflow.runs("refresh"), 60)[0]["dag_run_id"]

    def ended(dag_id: str, wanted: str) -> Any:
        return next((run for run in airflow.runs(dag_id) if run["dag_run_id"] == wanted and run["state"] in ("success", "failed")), None)

    assert wait_for(lambda: ended("refresh", run_id), 300)["state"] == "success", airflow.states("refresh", run_id)
    published = wait_for(lambda: next((run for run in airflow.runs("aggregate_and_publish") if run["state"] in ("success", "failed")), None), 240)
    assert published["run_type"] == "asset_triggered"
    assert published["state"] == "success", airflow.states("aggregate_and_publish", published["dag_run_id"])

    states = airflow.states("aggregate_and_publish", published["dag_run_id"])
    group = [task_id for task_id in states if task_id.startswith("aggregate.")]
    airflow.call(
        "POST",
        "/api/v2/dags/aggregate_and_publish/clearTaskInstances",
        {"dry_run": False, "dag_run_id": published["dag_run_id"], "task_ids": group, "only_failed": False, "include_downstream": False},
    )
    time.sleep(2)
    again = wait_for(lambda: ended("aggregate_and_publish", published["dag_run_id"]), 300)
    assert again["state"] == "success", airflow.states("aggregate_and_publish", published["dag_run_id"])
