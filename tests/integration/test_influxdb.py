"""InfluxDB as the time-series engine: equal to the embedded one, verified, hidden secrets, and gone after the run."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import docker
import duckdb
import pytest

from benchmarks.generate import generate
from include.engines import containers
from include.engines.containers import PLATFORM
from include.engines.influxdb import engine
from include.engines.influxdb.engine import influxdb
from include.engines.timeseries import GRAINS
from include.errors import ContractError, EngineUnavailable
from include.planning import plan_windows, write_windows_plan
from include.publishing.readings import read_manifest
from include.settings import PROJECT_DIR, Settings
from tests.containers import OPENER, SECRET, docker_or_skip, running
from tests.platform import Platform
from tests.raw_files import small_drive

SAMPLE = PROJECT_DIR / "include/sample_data"
IMAGE = Settings.from_environment().influxdb_image


@pytest.fixture(scope="module")
def cli() -> docker.APIClient:
    return docker_or_skip(IMAGE)


@pytest.fixture(scope="module")
def server(cli: docker.APIClient) -> Iterator[str]:
    with running(cli, influxdb(IMAGE)) as address:
        yield f"http://{address}"


def generated(raw: Path) -> None:
    """Minutes over both clock changes, in several windows."""
    generate(raw, date(2025, 10, 1), 7, ["072B", "493D"])


@pytest.mark.parametrize(
    ("fill", "as_of"),
    [
        (lambda raw: shutil.copytree(SAMPLE / "raw", raw, dirs_exist_ok=True), "2026-03-01"),
        (lambda raw: shutil.copytree(SAMPLE / "minute_sample/raw", raw, dirs_exist_ok=True), "2026-03-01"),
        (generated, "2026-05-01"),
    ],
    ids=["two months by the hour", "a week by the minute", "both clock changes"],
)
def test_both_engines_agree_in_every_row_and_value(new_platform: Callable[..., Platform], server: str, tmp_path: Path, fill: Any, as_of: str) -> None:
    platform = new_platform()
    fill(platform.raw)
    platform.run(as_of)
    embedded = tmp_path / "embedded"
    shutil.copytree(platform.settings.paths.built, embedded)
    assert len(list(embedded.glob("agg_hourly.*"))) >= 1
    for path in platform.settings.paths.built.glob("agg_*"):
        path.unlink()
    assert engine.aggregate(platform.settings, server, SECRET).startswith("InfluxDB v2.7")
    rows = 0
    for grain in GRAINS:
        for expected in sorted(embedded.glob(f"agg_{grain}.*")):
            rows += assert_equal(expected, platform.settings.paths.built / expected.name)
    assert rows > 1000


def assert_equal(expected: Path, found: Path) -> int:
    values = ("value_mean", "value_std", "value_min", "value_max", "value_sum")
    differs = " or ".join(f"(e.{v} is null) <> (f.{v} is null) or abs(e.{v} - f.{v}) > 1e-9 * greatest(1, abs(e.{v}))" for v in values)
    with duckdb.connect() as database:
        schemas = [database.execute(f"describe from read_parquet('{path}')").fetchall() for path in (expected, found)]
        rows, odd = database.execute(f"""
            select count(*), count(*) filter (where e.value_mean is null or f.value_mean is null or {differs})
            from read_parquet('{expected}') as e
            full join read_parquet('{found}') as f using (timestamp, local_date, building_id, source, location, measurement, count)
        """).fetchall()[0]
    assert schemas[0] == schemas[1]
    assert odd == 0, expected.name
    return rows


@pytest.fixture
def planned(new_platform: Callable[..., Platform]) -> Settings:
    """A small drive's readings, planned to be aggregated."""
    platform = new_platform()
    small_drive(platform.raw)
    platform.run()
    settings, building = platform.settings, platform.registry.building("sm2")
    from include.clock import parse_as_of

    now = parse_as_of("2026-03-01")
    write_windows_plan(settings, plan_windows(building, [month for _, month in read_manifest(settings)], now), now)
    return settings


def test_what_the_server_lost_fails_and_names_series_and_month(planned: Settings, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = engine._bodies
    monkeypatch.setattr(engine, "_bodies", lambda *args: (body.partition(b"\n")[2] for body in bodies(*args)))
    with pytest.raises(ContractError, match=r"holds something else than it was sent, in 1 series .* in 2026-01, \d+ sent, \d+ held"):
        engine.aggregate(planned, server, SECRET)


def test_a_busy_server_is_asked_again_and_nothing_is_thinned(planned: Settings, server: str) -> None:
    refusals = iter([429, 503, 503])

    class Busy(BaseHTTPRequestHandler):
        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "write" in self.path and (status := next(refusals, None)):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            import urllib.request

            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "accept-encoding")}
            with OPENER.open(urllib.request.Request(server + self.path, body or None, headers, method=self.command), timeout=60) as answer:
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in ("transfer-encoding", "content-length"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_DELETE = forward

        def log_message(self, *args: Any) -> None:
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    engine.aggregate(planned, f"http://127.0.0.1:{proxy.server_port}", SECRET)
    proxy.shutdown()
    assert next(refusals, None) is None


def test_a_server_that_is_not_there_is_no_fault_of_the_data(planned: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(EngineUnavailable, match="does not answer"):
        engine.aggregate(planned, f"http://127.0.0.1:{port}", SECRET)


class MakeRun:
    """`make run` with InfluxDB, as a process of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder, self.data = folder, folder / "data"
        if not (folder / "drive").exists():
            small_drive(folder / "drive/raw")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        self.environment = {
            **kept, "DATA_DIR": str(self.data), "RCLONE_CONFIG_SM2DRIVE_TYPE": "alias", "RCLONE_CONFIG_SM2DRIVE_REMOTE": str(folder / "drive"),
            "AS_OF": "2026-03-01", "TIMESERIES_ENGINE": "service", "INFLUXDB_IMAGE": IMAGE, **environment,
        }  # fmt: skip
        self.process: subprocess.Popen[str]

    def begin(self) -> "MakeRun":
        self.process = subprocess.Popen(
            [sys.executable, PROJECT_DIR / "scripts/run.py"], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        return self

    def end(self) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=240)
        return self.process.returncode, said

    def containers(self, cli: docker.APIClient) -> list[dict[str, Any]]:
        return containers.find(cli, {f"{PLATFORM}.data_dir": str(self.data)})

    def wait_for_container(self, cli: docker.APIClient) -> str:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if found := self.containers(cli):
                return str(found[0]["Id"])
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)
        raise AssertionError("no container was started")

    @property
    def published(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads((self.data / "releases/latest/run.json").read_text())
        return answer


def test_two_runs_at_once_leave_no_container_and_tell_nobody_their_secrets(cli: docker.APIClient, tmp_path: Path) -> None:
    runs = [MakeRun(tmp_path / name).begin() for name in ("one", "two")]
    with ThreadPoolExecutor(2) as pool:
        ids = list(pool.map(lambda run: run.wait_for_container(cli), runs))
    secrets = [containers.secret_of(cli, found, influxdb(IMAGE)) for found in ids]
    ended = [run.end() for run in runs]
    assert [code for code, _ in ended] == [0, 0], ended
    assert len(set(secrets)) == 2
    for run, secret in zip(runs, secrets, strict=True):
        assert run.published["timeseries_engine"].startswith("InfluxDB v2.7")
        assert "instead_of" not in run.published
        assert run.containers(cli) == []
        looked_at = [path for path in (run.data).rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
        assert looked_at == [], "the secret stands in a log, in an XCom or in a rendered field"
        assert (run.data / "airflow/airflow.db").exists()
    assert not any(secret in said for secret in secrets for _, said in ended)


def test_a_container_that_dies_in_mid_run_is_replaced_by_the_embedded_engine(cli: docker.APIClient, tmp_path: Path) -> None:
    run = MakeRun(tmp_path).begin()
    cli.kill(run.wait_for_container(cli))
    code, said = run.end()
    assert code == 0, said
    assert run.published["timeseries_engine"] == "embedded"
    assert "influxdb" in run.published["instead_of"].lower()
    assert run.containers(cli) == []
    finding = json.loads((run.data / "findings/timeseries_engine.json").read_text())
    assert finding["check"] == "timeseries_engine" and "computed by the embedded engine" in finding["message"]


def test_without_a_daemon_or_an_image_the_embedded_engine_computes_the_same(cli: docker.APIClient, tmp_path: Path) -> None:
    sums = set()
    for name, environment in {"image": {"INFLUXDB_IMAGE": "nobody/has-this:1"}, "daemon": {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}}.items():
        run = MakeRun(tmp_path / name, **environment).begin()
        code, said = run.end()
        assert code == 0, said
        assert run.published["timeseries_engine"] == "embedded"
        assert "could not be started" in run.published["instead_of"]
        assert run.containers(cli) == []
        sums.add((run.data / "releases/latest/SHA256SUMS").read_text())
    assert len(sums) == 1


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


def test_what_a_cut_line_or_a_killed_worker_leaves_is_swept_once_it_is_too_old(cli: docker.APIClient, tmp_path: Path) -> None:
    relay = Relay(tmp_path / "docker.sock")
    cut = MakeRun(tmp_path / "cut", DOCKER_HOST=f"unix://{tmp_path}/docker.sock").begin()
    cut.wait_for_container(cli)
    relay.cut()
    code, said = cut.end()
    assert code == 0, said
    assert cut.published["timeseries_engine"] == "embedded"

    MakeRun(tmp_path / "killed", TIMESERIES_ENGINE="embedded", AS_OF="2026-02-28").begin().end()
    killed = MakeRun(tmp_path / "killed")
    before = killed.published
    small_drive(tmp_path / "killed/drive/raw")
    (tmp_path / "killed/drive/raw/Graph_01_20260129_20260203.csv").unlink()
    killed.begin().wait_for_container(cli)
    killed.process.send_signal(signal.SIGKILL)
    killed.end()
    assert killed.published == before, "the last release stands"

    left = [container for run in (cut, killed) for container in run.containers(cli)]
    assert left
    assert not {c["Id"] for c in left} & {c["Id"] for c in containers.expired(cli)}, "their runs could still live"

    class SevenHoursLater:
        def info(self) -> dict[str, str]:
            hour = int(cli.info()["SystemTime"][11:13]) + 7
            day = f"{int(cli.info()['SystemTime'][8:10]) + hour // 24:02d}"
            now = cli.info()["SystemTime"]
            return {"SystemTime": f"{now[:8]}{day}T{hour % 24:02d}{now[13:]}"}

        def __getattr__(self, name: str) -> Any:
            return getattr(cli, name)

    assert {c["Id"] for c in left} <= {c["Id"] for c in containers.expired(SevenHoursLater())}  # type: ignore[arg-type]
    containers.remove(cli, left)
    assert cut.containers(cli) == killed.containers(cli) == []
    code, said = killed.begin().end()
    assert code == 0, said
    assert killed.published["timeseries_engine"].startswith("InfluxDB")
