"""One reader cannot hold up others: time, turns, and requests a second."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from include.serving.access import Person
from include.serving.api import limits, values
from include.serving.api.app import PREFIX, add_api, create_app
from include.serving.api.errors import MEDIA_TYPE, TOO_SLOW
from include.serving.api.limits import Limits
from include.serving.api.opened import OpenedFile
from include.serving.api.routes import releases
from include.serving.api.values import Reader
from tests.serving.api.asking import ALL, get, series_ids
from tests.serving.api.conftest import UNLIMITED
from tests.support.platform import Platform

pytestmark = pytest.mark.xdist_group("release")


def test_too_many_requests_of_one_person_are_refused(platform: Platform) -> None:
    asks = ["jana"]
    app = FastAPI()
    own_limits = Limits(rate=0.01, burst=3)
    add_api(app, platform.settings, lambda: Person(asks[0], frozenset()), own_limits)
    own = TestClient(app)
    assert [own.get(f"{PREFIX}/releases").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = own.get(f"{PREFIX}/metrics")
    assert refused.headers["content-type"] == MEDIA_TYPE and refused.json()["status"] == 429
    assert 90 <= int(refused.headers["retry-after"]) <= 100
    asks[0] = "petr"
    assert own.get(f"{PREFIX}/releases").status_code == 200


def test_a_bucket_fills_again_and_full_ones_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    own = Limits(rate=25, burst=100)
    for _ in range(100):
        own.count("jana")
    with pytest.raises(limits.Problem) as refused:
        own.count("jana")
    assert refused.value.headers == {"Retry-After": "1"}
    for second in range(1, 4):
        now[0] = float(second)
        for _ in range(25):
            own.count("jana")
    for number in range(3000):
        now[0] += 1
        own.count(str(number))
    assert len(own._full_at) <= limits.MOST_NAMES


def test_a_query_is_stopped(
    api: TestClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = series_ids(api)[0]
    slow = "select sum(a.range * b.range) as x from range(10_000_000) as a, range(1_000) as b"
    text = values.query("windows")
    monkeypatch.setattr(values, "query", lambda name: f"with w as ({text}) {slow}, w")
    monkeypatch.setattr(limits, "MOST_SECONDS", 0.3)
    began = time.perf_counter()
    found = get(api, f"/buildings/sm2/data?series={name}&{ALL}", 503)
    assert found["detail"] == TOO_SLOW and time.perf_counter() - began < 1


def test_the_time_is_that_of_the_whole_request(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, arrays = ",".join(series_ids(api)[:6]), Reader.arrays

    def slower(*given: Any) -> Any:
        time.sleep(0.1)
        return arrays(*given)

    monkeypatch.setattr(Reader, "arrays", slower)
    monkeypatch.setattr(limits, "MOST_SECONDS", 0.4)
    get(api, f"/buildings/sm2/data?series={names.split(',')[0]}&{ALL}")
    path = f"/buildings/sm2/comparison?series={names}&datetime=2026-02-01/P2D&before=P1D"
    assert get(api, path, 503)["detail"] == TOO_SLOW


def test_four_are_computed_at_once_and_a_long_wait_is_refused(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(platform.settings, Limits(rate=UNLIMITED))
    lock, running, most = threading.Lock(), [0], [0]
    arrays = Reader.arrays

    def counted(*given: Any) -> Any:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.2)
        with lock:
            running[0] -= 1
        return arrays(*given)

    monkeypatch.setattr(Reader, "arrays", counted)
    path = f"{PREFIX}/buildings/sm2/data?series={series_ids(TestClient(app))[0]}&{ALL}"

    async def ask(count: int) -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await asyncio.gather(*(client.get(path) for _ in range(count)))

    assert {answered.status_code for answered in asyncio.run(ask(8))} == {200}
    assert most == [4]
    monkeypatch.setattr(limits, "MOST_SECONDS", 0.35)
    answers = asyncio.run(ask(12))
    waited = [answered for answered in answers if "retry-after" in answered.headers]
    assert {answered.status_code for answered in waited} == {503} and len(waited) == 4
    assert {answered.status_code for answered in asyncio.run(ask(4))} == {200}, "turns are returned"


def test_a_file_that_is_removed_meanwhile_is_not_there(
    published: Callable[..., Platform], monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = published("2026-02-04")
    path = f"{PREFIX}/releases/{platform.release.version}/files/LICENSE"

    def removed(found: Path, **more: Any) -> OpenedFile:
        found.unlink()
        return OpenedFile(found, **more)

    own = TestClient(create_app(platform.settings))
    assert own.get(path).status_code == 200
    monkeypatch.setattr(releases, "OpenedFile", removed)
    answered = own.get(path)
    assert (answered.status_code, answered.headers["content-type"]) == (404, MEDIA_TYPE)


RANGES = [
    "bytes=5-2",
    "bytes=99999999999999999999-",
    "bytes=-0",
    "bytes=a-b",
    "lines=1-2",
    "bytes=" + ",".join(["0-"] * 1000),
    "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 2000, 2)),
    "bytes=",
    "' or 1=1 --",
]


@pytest.mark.parametrize("range_", RANGES, ids=range(len(RANGES)))
def test_odd_ranges_are_answered_at_once(api: TestClient, platform: Platform, range_: str) -> None:
    path = f"{PREFIX}/releases/{platform.release.version}/files/public_dataset_hourly.parquet"
    began = time.perf_counter()
    answered = api.get(path, headers={"Range": range_})
    assert answered.status_code in (200, 206, 400, 416), answered.text
    assert time.perf_counter() - began < 0.3
