"""Whole runs with services in containers: what becomes of them, of their secrets and of the release when things break."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import docker
import pytest

from include.core.settings import PROJECT_DIR, Settings
from include.engines import containers
from include.engines.containers import PLATFORM, ContainerService
from include.engines.graph.neo4j import Neo4j
from include.engines.timeseries.influxdb import InfluxDB
from tests.support.containers import docker_or_skip
from tests.support.raw_files import Raw, small_drive, thermopro, times

INFLUXDB = InfluxDB().service(Settings.from_environment())
NEO4J = Neo4j().service(Settings.from_environment())


@pytest.fixture(scope="module")
def cli() -> docker.APIClient:
    docker_or_skip(NEO4J.image)
    return docker_or_skip(INFLUXDB.image)


class MakeRun:
    """`make run` with services, as a process of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder, self.data = folder, folder / "data"
        if not (folder / "drive").exists():
            small_drive(Raw(folder / "drive"))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        self.environment = {
            **kept, "DATA_DIR": str(self.data), "RCLONE_CONFIG_SM2DRIVE_TYPE": "alias", "RCLONE_CONFIG_SM2DRIVE_REMOTE": str(folder / "drive"),
            "AS_OF": "2026-03-01", "TIMESERIES_ENGINE": "influxdb", **environment,
        }  # fmt: skip
        self.process: subprocess.Popen[str]

    def begin(self) -> "MakeRun":
        self.process = subprocess.Popen(
            [sys.executable, PROJECT_DIR / "cli/run.py"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def end(self) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=900)
        return self.process.returncode, said

    def containers(self, cli: docker.APIClient, service: str = "") -> list[dict[str, Any]]:
        one = {f"{PLATFORM}.service": service} if service else {}
        return containers.find(cli, {f"{PLATFORM}.data_dir": str(self.data), **one})

    def wait_for_container(
        self,
        cli: docker.APIClient,
        service: ContainerService = INFLUXDB,
        but: Collection[str] = (),
    ) -> str:
        deadline = time.monotonic() + 900
        while time.monotonic() < deadline:
            for found in self.containers(cli, service.name):
                if found["State"] == "running" and found["Id"] not in but:
                    return str(found["Id"])
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)
        raise AssertionError("no container was started")

    @property
    def published(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads((self.data / "releases/latest/run.json").read_text())
        return answer


class Relay:
    """A Docker daemon behind a line that can be cut."""

    def __init__(self, address: Path) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(address))
        self.listener.listen()
        self.open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect("/var/run/docker.sock")
            self.open += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        target.close()

    def cut(self) -> None:
        self.listener.close()
        for end in self.open:
            end.close()


def test_two_runs_at_once_leak_no_secrets_and_leave_nothing_though_containers_of_one_die(
    cli: docker.APIClient, tmp_path: Path
) -> None:
    runs = [MakeRun(tmp_path / name, GRAPH_ENGINE="neo4j").begin() for name in ("whole", "hit")]
    whole, hit = runs

    def secrets_of(run: MakeRun) -> list[str]:
        found = []
        for service in (NEO4J, INFLUXDB):
            container = run.wait_for_container(cli, service)
            found.append(containers.secret_of(cli, container, service))
            if run is hit:
                cli.kill(container)
        return found

    with ThreadPoolExecutor(2) as pool:
        secrets = list(pool.map(secrets_of, runs))
    ended = [run.end() for run in runs]
    assert [code for code, _ in ended] == [0, 0], ended
    assert len({secret for own in secrets for secret in own}) == 4
    for run, own in zip(runs, secrets, strict=True):
        assert run.containers(cli) == []
        looked_at = [
            path
            for path in run.data.rglob("*")
            if path.is_file() and any(secret.encode() in path.read_bytes() for secret in own)
        ]
        assert looked_at == [], "a secret stands in a log, in an XCom or in a rendered field"
        assert (run.data / "airflow/airflow.db").exists()
        assert not any(secret in said for secret in own for _, said in ended)
    assert whole.published["timeseries_engine"].startswith("InfluxDB v2.7")
    assert "instead_of" not in whole.published
    assert list((whole.data / "findings").glob("*_engine.json")) == []
    assert hit.published["timeseries_engine"] == "duckdb"
    assert "influxdb" in hit.published["instead_of"].lower()
    for check in ("timeseries_engine", "graph_engine"):
        finding = json.loads((hit.data / f"findings/{check}.json").read_text())
        assert finding["check"] == check
        assert "computed by the embedded engine" in finding["message"]
    assert (hit.data / "hierarchy/public_dataset_hierarchy.parquet").exists()


def test_without_a_daemon_or_an_image_the_embedded_engine_computes_the_same(
    cli: docker.APIClient, tmp_path: Path
) -> None:
    without = {
        "image": {"INFLUXDB_IMAGE": "nobody/has-this:1"},
        "daemon": {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"},
    }
    runs = [MakeRun(tmp_path / what, **setting).begin() for what, setting in without.items()]
    sums = set()
    for run in runs:
        code, said = run.end()
        assert code == 0, said
        assert run.published["timeseries_engine"] == "duckdb"
        assert "could not be started" in run.published["instead_of"]
        assert run.containers(cli) == []
        sums.add((run.data / "releases/latest/SHA256SUMS").read_text())
    assert len(sums) == 1


def test_what_a_cut_line_or_a_killed_worker_leaves_is_swept_once_it_is_too_old(
    cli: docker.APIClient, tmp_path: Path
) -> None:
    relay = Relay(tmp_path / "docker.sock")
    cut = MakeRun(tmp_path, DOCKER_HOST=f"unix://{tmp_path}/docker.sock").begin()
    cut.wait_for_container(cli)
    relay.cut()
    code, said = cut.end()
    assert code == 0, said
    assert cut.published["timeseries_engine"] == "duckdb"
    left_by_the_cut = {container["Id"] for container in cut.containers(cli)}

    killed, before = MakeRun(tmp_path), cut.published
    (Raw(tmp_path / "drive") / "Graph_01_20260129_20260203.csv").unlink()
    thermopro(Raw(tmp_path / "drive"), "CCEA", times("2026-01-29 00:00", 24), exported=1769904999)
    killed.begin().wait_for_container(cli, but=left_by_the_cut)
    killed.process.send_signal(signal.SIGKILL)
    killed.end()
    assert killed.published == before, "the last release stands"

    left = killed.containers(cli)
    assert left
    assert not {c["Id"] for c in left} & {c["Id"] for c in containers.expired(cli)}, (
        "their runs could still live"
    )

    class SevenHoursLater:
        def info(self) -> dict[str, str]:
            later = datetime.fromisoformat(cli.info()["SystemTime"]).astimezone(
                timezone(timedelta(hours=2))
            ) + timedelta(hours=7)
            return {"SystemTime": later.isoformat()}  # a daemon tells the time of its own zone

        def __getattr__(self, name: str) -> Any:
            return getattr(cli, name)

    assert {c["Id"] for c in left} <= {c["Id"] for c in containers.expired(SevenHoursLater())}  # type: ignore[arg-type]
    containers.remove(cli, left)
    assert killed.containers(cli) == []
    code, said = killed.begin().end()
    assert code == 0, said
    assert killed.published["timeseries_engine"].startswith("InfluxDB")
