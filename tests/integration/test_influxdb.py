"""InfluxDB as the time-series engine: equal to the embedded one, verified, hidden secrets, and gone after the run."""

import shutil
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import docker
import duckdb
import pytest

from benchmarks.containers import OPENER, SECRET, running
from benchmarks.generate import generate
from include.contract.grains import GRAINS
from include.core.clock import parse_as_of
from include.core.errors import ContractError, EngineUnavailable
from include.core.settings import Settings
from include.engines.timeseries.influxdb import InfluxDB
from include.engines.timeseries.influxdb import client as influxdb
from include.planning.plan import plan_windows
from include.planning.tables import write_windows_plan
from include.store.archive import inputs_of
from include.store.store import Store
from tests.support.containers import docker_or_skip
from tests.support.platform import Platform
from tests.support.raw_files import Raw, minute_drive, sample_drive

pytestmark = pytest.mark.xdist_group("sample")
SERVICE = InfluxDB().service(Settings.from_environment())


@pytest.fixture(scope="module")
def cli() -> docker.APIClient:
    return docker_or_skip(SERVICE.image)


@pytest.fixture(scope="module")
def server(cli: docker.APIClient) -> Iterator[str]:
    with running(cli, SERVICE) as address:
        yield f"http://{address}"


def generated(raw: Raw) -> None:
    """Minutes over both clock changes, in several windows."""
    generate(raw.folders[1], date(2025, 10, 1), 7, ["072B", "493D"])


@pytest.mark.parametrize(
    ("drive", "as_of"),
    [(sample_drive, "2026-03-01"), (minute_drive, "2026-03-01"), (generated, "2026-05-01")],
    ids=["two months by the hour", "a week by the minute", "both clock changes"],
)
def test_both_engines_agree_in_every_row_and_value(
    published: Callable[..., Platform], server: str, tmp_path: Path, drive: Any, as_of: str
) -> None:
    platform = published(as_of, drive=drive)
    embedded = tmp_path / "embedded"
    shutil.copytree(platform.settings.paths.built_aggregates, embedded)
    assert len(list(embedded.glob("agg_hourly.*"))) >= 1
    for path in platform.settings.paths.built_aggregates.glob("agg_*"):
        path.unlink()
    assert influxdb.aggregate(platform.settings, server, SECRET).startswith("InfluxDB v2.7")
    rows = 0
    for grain in GRAINS:
        for expected in sorted(embedded.glob(f"agg_{grain}.*")):
            rows += assert_equal(expected, platform.settings.paths.built_aggregates / expected.name)
    assert rows > 1000


def assert_equal(expected: Path, found: Path) -> int:
    values = ("value_mean", "value_std", "value_min", "value_max", "value_sum")
    differs = " or ".join(
        f"(e.{v} is null) <> (f.{v} is null) or abs(e.{v} - f.{v}) > 1e-9 * greatest(1, abs(e.{v}))"
        for v in values
    )
    with duckdb.connect() as database:
        schemas = [
            database.execute(f"describe from read_parquet('{path}')").fetchall()
            for path in (expected, found)
        ]
        rows, odd = database.execute(f"""
            select count(*), count(*) filter (where e.value_mean is null or f.value_mean is null or {differs})
            from read_parquet('{expected}') as e
            full join read_parquet('{found}') as f using (timestamp, local_date, building_id, source, location, measurement, count)
        """).fetchall()[0]
    assert schemas[0] == schemas[1]
    assert odd == 0, expected.name
    return rows


@pytest.fixture
def planned(published: Callable[..., Platform]) -> Settings:
    """A small drive's readings, planned to be aggregated."""
    platform = published("2026-03-01")
    settings, building = platform.settings, platform.registry.building("sm2")
    now = parse_as_of("2026-03-01")
    windows = plan_windows(building, Store(settings).months("sm2"), now)
    write_windows_plan(settings, windows, inputs_of(settings, windows), now)
    return settings


def test_what_the_server_lost_fails_and_names_series_and_month(
    planned: Settings, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = influxdb._bodies
    monkeypatch.setattr(
        influxdb, "_bodies", lambda *args: (body.partition(b"\n")[2] for body in bodies(*args))
    )
    with pytest.raises(
        ContractError,
        match=r"holds something else than it was sent, in 1 series .* in 2026-01, \d+ sent, \d+ held",
    ):
        influxdb.aggregate(planned, server, SECRET)


def test_what_the_server_lost_once_is_loaded_again(
    planned: Settings,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bodies, loads = influxdb._bodies, []

    def lossy(*args: Any) -> Iterator[bytes]:
        loads.append(args)
        for body in bodies(*args):
            yield body.partition(b"\n")[2] if len(loads) == 1 else body

    monkeypatch.setattr(influxdb, "_bodies", lossy)
    influxdb.aggregate(planned, server, SECRET)
    assert len(loads) >= 2
    assert "loaded once more" in caplog.text


def test_an_answer_that_breaks_off_or_a_square_that_is_lost_is_noticed(
    planned: Settings, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = influxdb._ask

    def broken(client: Any, job: str, answer: Path, **parameters: Any) -> None:
        ask(client, job, answer, **parameters)
        if answer.name == "1w.min.csv":
            answer.write_bytes(b"".join(answer.read_bytes().splitlines(keepends=True)[:2]))

    with (
        monkeypatch.context() as patch,
        pytest.raises(EngineUnavailable, match="windows of 1w are not whole"),
    ):
        patch.setattr(influxdb, "_ask", broken)
        influxdb.aggregate(planned, server, SECRET)

    def without_squares(client: Any, job: str, answer: Path, **parameters: Any) -> None:
        if not answer.name.endswith("squares.csv"):
            ask(client, job, answer, **parameters)

    monkeypatch.setattr(influxdb, "_ask", without_squares)
    with pytest.raises(ContractError, match="holds something else"):
        influxdb.aggregate(planned, server, SECRET)


def test_a_busy_server_is_asked_again_and_nothing_is_thinned(
    planned: Settings, server: str
) -> None:
    refusals = iter([429, 503, 503])

    class Busy(BaseHTTPRequestHandler):
        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "write" in self.path and (status := next(refusals, None)):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in ("host", "accept-encoding")
            }
            with OPENER.open(
                urllib.request.Request(
                    server + self.path, body or None, headers, method=self.command
                ),
                timeout=60,
            ) as answer:
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
    influxdb.aggregate(planned, f"http://127.0.0.1:{proxy.server_port}", SECRET)
    proxy.shutdown()
    assert next(refusals, None) is None


def test_a_server_that_is_not_there_is_no_fault_of_the_data(
    planned: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(influxdb, "RETRIES", 1)
    with pytest.raises(EngineUnavailable, match="does not answer"):
        influxdb.aggregate(planned, f"http://127.0.0.1:{port}", SECRET)
