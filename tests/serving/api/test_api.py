"""The API over a real release: its doubles, its gaps, its raw lines, and clear errors."""

import io
import json
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pandas
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from include.core import files
from include.serving.access import Person
from include.serving.api.app import PREFIX, add_api, create_app
from tests.serving.api.asking import ALL, get, series_ids
from tests.support.platform import Platform

pytestmark = pytest.mark.xdist_group("release")  # one process has its installations


def test_hours_and_days_are_those_of_the_release(api: TestClient, platform: Platform) -> None:
    for grain, table in (("1h", "hourly"), ("1d", "daily"), ("1w", "weekly"), ("1M", "monthly")):
        seen = 0
        for name in series_ids(api):
            source, location, measurement = name.split("~")
            found = get(api, f"/buildings/sm2/data?series={name}&grain={grain}&{ALL}")
            (series,) = found["series"]
            assert (found["release"], found["grain"]) == (platform.release.version, grain)
            seconds = (
                series["t"]
                if "t" in series
                else range(series["start"], series["start"] + 3600 * len(series["mean"]), 3600)
            )
            values = {
                second: value
                for second, value in zip(seconds, series["mean"], strict=True)
                if value is not None
            }
            wanted = platform.query(
                f"select epoch(timestamp)::bigint, value_mean from public_dataset_{table}"
                f" where source = '{source}' and location = '{location}' and measurement = '{measurement}'"
            )
            assert values == dict(wanted)
            seen += len(values)
        assert [(seen,)] == platform.query(f"select count(*) from public_dataset_{table}")


def test_a_gap_is_null_and_pooled_steps_keep_extremes(api: TestClient, platform: Platform) -> None:
    name = series_ids(api)[0]
    (whole,) = get(api, f"/buildings/sm2/data?series={name}&grain=1h&{ALL}")["series"]
    found = get(api, f"/buildings/sm2/data?series={name}&grain=1h&max_points=20&{ALL}")
    (pooled,) = found["series"]
    assert len(pooled["mean"]) <= 20 and found["downsampled"] == {"bucket_s": pooled["step"]}
    read = [value for value in whole["mean"] if value is not None]
    assert max(value for value in pooled["max"] or pooled["mean"] if value is not None) == max(
        whole["max"] or read
    )
    assert min(value for value in pooled["min"] or pooled["mean"] if value is not None) == min(
        whole["min"] or read
    )


def test_two_periods_and_the_hours_of_a_day(api: TestClient, platform: Platform) -> None:
    name = series_ids(api)[0]
    source, location, measurement = name.split("~")
    found = get(api, f"/buildings/sm2/comparison?series={name}&datetime=2026-02-01/P2D&before=P1D")
    now, before = (one["series"][0]["mean"] for one in found["periods"])
    assert before[24:] == now[: len(before) - 24]
    assert [one["datetime"][0] for one in found["periods"]] == [
        "2026-02-01T00:00:00+01:00",
        "2026-01-31T00:00:00+01:00",
    ]
    get(api, f"/buildings/sm2/comparison?series={name}&before=1Y", 422)
    cells = get(api, f"/buildings/sm2/profile?series={name}&datetime=../..&by=date")["cells"]
    wanted = platform.query(
        "select strftime(timestamp at time zone 'Europe/Prague', '%Y-%m-%d'), hour(timestamp at time zone 'Europe/Prague'), value_mean"
        f" from public_dataset_hourly where source = '{source}' and location = '{location}' and measurement = '{measurement}' order by timestamp"
    )
    assert [(cell["day"], cell["hour"], pytest.approx(cell["mean"])) for cell in cells] == wanted
    by_weekday = get(api, f"/buildings/sm2/profile?series={name}&datetime=../..")["cells"]
    assert sum(cell["hours"] for cell in by_weekday) == len(wanted)
    get(api, f"/buildings/sm2/profile?series={name}&datetime=2020/2026&by=date", 422)


def test_steps_of_several_series_and_periods_line_up(api: TestClient) -> None:
    names = ",".join(series_ids(api))
    found = get(api, f"/buildings/sm2/data?series={names}&grain=1h&max_points=50&{ALL}")
    assert len({(one["start"], one["step"]) for one in found["series"]}) == 1
    path = f"/buildings/sm2/comparison?series={names}&datetime=2026-02&before=P1M&max_points=10"
    for period in get(api, path)["periods"]:
        start = datetime.fromisoformat(period["datetime"][0]).timestamp()
        assert {one["start"] for one in period["series"]} == {start}
        assert max(len(one["mean"]) for one in period["series"]) <= 10
    get(
        api,
        f"/buildings/sm2/comparison?series={series_ids(api)[0]}&datetime=2026-03-30&before=P1M",
        422,
    )


def test_a_short_period_with_few_points_is_not_empty(api: TestClient) -> None:
    name = series_ids(api)[0]
    hours = get(api, f"/buildings/sm2/data?series={name}&{ALL}")["series"][0]
    second = hours["start"] + 3600 * next(
        n for n, value in enumerate(hours["mean"]) if value is not None
    )
    start = quote(datetime.fromtimestamp(second, UTC).isoformat())
    for length in ("P1D", "P3D"):
        found = get(
            api, f"/buildings/sm2/data?series={name}&datetime={start}/{length}&max_points=1"
        )
        values = found["series"][0]["mean"]
        assert len(values) == 1 and values[0] is not None


def test_a_download_may_have_series_without_values(api: TestClient) -> None:
    names = ",".join(series_ids(api))
    for suffix in ("csv", "parquet"):
        for period in ("2026-01-26/P1D", "2020/2021"):
            path = f"{PREFIX}/buildings/sm2/data.{suffix}?series={names}&datetime={period}"
            assert api.get(path).status_code == 200


def test_an_additive_series_has_sums(api: TestClient, published: Callable[..., Platform]) -> None:
    platform = published("2026-02-04")
    index = platform.release.path / "explorer/data/index.json"
    content = files.read_json(index)
    added = content["measurements"][0]
    added["aggregation"] = "additive"
    files.write_json(index, content)
    own = TestClient(create_app(platform.settings))
    names = ",".join(series_ids(own))
    for one in get(own, f"/buildings/sm2/data?series={names}&{ALL}")["series"]:
        assert ("sum" in one, "mean" in one) in ((True, False), (False, True))
        assert ("sum" in one) == one["id"].endswith(f"~{added['measurement']}")
    csv = pandas.read_csv(
        io.StringIO(own.get(f"{PREFIX}/buildings/sm2/data.csv?series={names}&{ALL}").text)
    )
    assert (csv["sum"].notna() == (csv["measurement"] == added["measurement"])).all()
    assert (csv["sum"].isna() == csv["mean"].notna()).all()


def test_downloads_have_what_is_shown(api: TestClient) -> None:
    names = series_ids(api)[:3]
    query = f"series={','.join(names)}&grain=1h&{ALL}"
    shown = get(api, f"/buildings/sm2/data?{query}")["series"]
    text = api.get(f"{PREFIX}/buildings/sm2/data.csv?{query}").text
    csv = pandas.read_csv(io.StringIO(text))
    table = pq.read_table(
        io.BytesIO(api.get(f"{PREFIX}/buildings/sm2/data.parquet?{query}").content)
    )
    values = [value for one in shown for value in one["mean"] if value is not None]
    assert csv["mean"].tolist() == values == table["mean"].to_pylist()
    assert csv["local_time"].str.endswith("+0100").all()
    assert csv["count"].tolist() == table["count"].to_pylist()


def test_values_lead_to_raw_lines_that_give_them_again(api: TestClient, platform: Platform) -> None:
    chance, rows = (
        random.Random(1),
        platform.query(
            "select source, location, measurement, timestamp, value_mean from public_dataset_hourly"
        ),
    )
    for source, location, measurement, moment, mean in chance.sample(rows, 60):
        name = f"{source}~{location}~{measurement}"
        found = get(
            api,
            f"/buildings/sm2/lineage?series={name}&at={quote(moment.astimezone(UTC).isoformat())}"
            "&raw=true",
        )
        good = [row for row in found["readings"] if row["quality"] == "ok"]
        assert sum(row["value"] for row in good) / len(good) == pytest.approx(mean, abs=1e-9)
        for row in good:
            (raw,) = platform.raw.drive.rglob(Path(row["path"]).name)
            assert files.sha256(raw) == row["sha256"]
            line = raw.read_text(errors="replace").splitlines()[row["source_line"] - 1]
            assert line and row["raw"] == line


def test_a_request_for_raw_lines_fetches_and_removes_nothing(
    published: Callable[..., Platform],
) -> None:
    platform = published("2026-02-04")
    api = TestClient(create_app(platform.settings))
    landed = [
        path
        for path in platform.settings.paths.landing.rglob("*")
        if path.is_file() and b"493D" in path.read_bytes()
    ]
    path = "/buildings/sm2/lineage?series=ThermoPro~1NP-S1~temp_indoor&at=2026-02-01T12:00&raw=true"
    assert get(api, path)["readings"][0]["raw"]
    for file in landed:
        file.write_bytes(b"damaged")
    assert get(api, path)["readings"][0]["raw"] is None
    assert landed and all(file.read_bytes() == b"damaged" for file in landed)
    for file in landed:
        file.unlink()
    assert get(api, path)["readings"][0]["raw"] is None
    assert not any(file.exists() for file in landed)


def test_the_last_hours_and_the_tree(api: TestClient) -> None:
    latest = get(api, "/buildings/sm2/latest")["latest"]
    assert {row["id"] for row in latest} == set(series_ids(api))
    nodes = get(api, "/buildings/sm2/hierarchy")["nodes"]
    ids = {row["id"] for row in nodes}
    assert {row["parent_id"] for row in nodes} - {None} <= ids


def test_a_reader_that_has_an_answer_is_told_so_until_the_next_release(
    api: TestClient, published: Callable[..., Platform]
) -> None:
    platform = published("2026-02-04")
    own = TestClient(create_app(platform.settings))
    path = f"{PREFIX}/buildings/sm2/latest"
    first = own.get(path)
    etag = {"If-None-Match": first.headers["etag"]}
    assert own.get(path, headers=etag).status_code == 304
    newer = platform.release.path.with_name("2026-02-05-00000000")
    platform.release.path.rename(newer)
    files.write_json(
        newer / "run.json",
        {**files.read_json(newer / "run.json"), "as_of": "2026-02-05T00:00:00+00:00"},
    )
    files.point(platform.settings.paths.latest, newer.name)
    again = own.get(path, headers=etag)
    assert (again.status_code, again.json()["release"]) == (200, newer.name)
    files.write_json(
        newer / "run.json",
        {**files.read_json(newer / "run.json"), "as_of": "2026-02-06T00:00:00+00:00"},
    )
    later = own.get(path, headers={"If-None-Match": again.headers["etag"]})
    assert (later.status_code, later.json()["as_of"]) == (200, "2026-02-06T00:00:00+00:00"), (
        "ages are others"
    )


def test_releases_and_their_files(api: TestClient, platform: Platform) -> None:
    version = platform.release.version
    assert get(api, "/releases")["releases"] == [{"version": version, "latest": True}]
    for file in get(api, f"/releases/{version}")["files"]:
        answered = api.get(f"{PREFIX}/releases/{version}/files/{file['path']}")
        assert len(answered.content) == file["bytes"]
    part = api.get(
        f"{PREFIX}/releases/{version}/files/public_dataset_daily.parquet",
        headers={"Range": "bytes=0-3"},
    )
    assert (part.status_code, part.content) == (206, b"PAR1")
    for path in (
        "../../ledger.parquet",
        "..%2f..%2fledger.parquet",
        "%2e%2e/%2e%2e/state.json",
        "explorer",
        ".hidden",
        "a//b",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "x" * 290,
    ):
        assert api.get(f"{PREFIX}/releases/{version}/files/{path}").status_code == 404, path
    for other in ("latest", ".staging", "2026-02-04-00000000", "..", "%2e%2e"):
        assert api.get(f"{PREFIX}/releases/{other}/files/SHA256SUMS").status_code == 404, other


ODD = [
    "' or 1=1 --",
    "sm2'; drop table x",
    "../..",
    "%00",
    "\u202e",
    "a" * 3000,
    "$where",
    "🦆",
    "-1",
    "1e309",
    "NaN",
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_parameters_are_refused_at_once(api: TestClient, odd: str) -> None:
    text, good = quote(odd, safe=""), quote(series_ids(api)[0])
    for path in (
        f"/buildings/{text}",
        f"/buildings/{text}/data?series={good}",
        f"/buildings/sm2/data?series={text}",
        f"/buildings/sm2/data?series={good}&datetime={text}",
        f"/buildings/sm2/data?series={good}&grain={text}",
        f"/buildings/sm2/data?series={good}&max_points={text}",
        f"/buildings/sm2/data.{text}?series={good}",
        f"/buildings/sm2/lineage?series={text}&at=2026-02-01",
        f"/buildings/sm2/lineage?series={good}&at={text}",
        f"/buildings/sm2/profile?series={text}",
        f"/buildings/sm2/profile?series={good}&by={text}",
        f"/buildings/sm2/comparison?series={good}&before={text}",
        f"/buildings/sm2/aggregates?measurement={text}",
        f"/buildings/sm2/aggregates?measurement=temp_indoor&by={text}",
        f"/buildings/sm2/aggregates?measurement=temp_indoor&grain={text}",
        f"/buildings/sm2/aggregates?measurement=temp_indoor&datetime={text}",
        f"/buildings/sm2/locations?cursor={text}",
        f"/buildings/{text}/locations",
        f"/buildings/{text}/export.sqlite",
        f"/buildings/{text}/health/quarantine",
        f"/buildings/sm2/health/findings?series={text}",
        f"/buildings/sm2/health/findings?datetime={text}",
        f"/buildings/sm2/health/findings?open={text}",
        f"/buildings/sm2/health/completeness?datetime={text}",
        f"/buildings/sm2/series?limit={text}",
        f"/releases/{text}",
        f"/releases/{text}/changes?since={text}",
        f"/releases/{text}/files/SHA256SUMS",
    ):
        if "datetime=..%2F.." in path:  # all that there is
            continue
        took = []
        while len(took) < 3 and min(took, default=1) > 0.1:  # another process may use the machine
            began = time.perf_counter()
            answered = api.get(f"{PREFIX}{path}")
            took.append(time.perf_counter() - began)
        assert 400 <= answered.status_code < 500, (path, answered.text)
        assert answered.headers["content-type"] == "application/problem+json"
        assert min(took) < 0.1, path


def test_a_long_query_or_period_or_list_is_refused(api: TestClient) -> None:
    good = series_ids(api)[0]
    assert api.get(f"{PREFIX}/buildings/sm2/data?series={'a' * 10_000}").status_code == 414
    get(api, f"/buildings/sm2/data?series={','.join(map(str, range(21)))}", 422)
    get(
        api,
        f"/buildings/sm2/data?series={good}&datetime=1900-01/2200-01&grain=1d&max_points=1",
        422,
    )
    found = get(api, f"/buildings/sm2/data?series={good}&datetime=1900-01/2200-01")
    assert found["grain"] == "1h", "what was asked for is more than there is"
    assert api.post(f"{PREFIX}/buildings").status_code == 405


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_request_is_answered_with_a_fault_of_the_server(api: TestClient, data: Any) -> None:
    described = get(api, "/openapi.json")
    path = data.draw(st.sampled_from(sorted(described["paths"])))
    operation = described["paths"][path]["get"]
    texts = st.text(max_size=30) | st.sampled_from(
        [*ODD, "sm2", series_ids(api)[0], "last-month", "1h", "csv"]
    )
    query = {}
    for parameter in operation.get("parameters", []):
        value = data.draw(texts)
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(value, safe="") or "x")
        else:
            query[parameter["name"]] = value
    answered = api.get(path, params=httpx.QueryParams(query))
    assert answered.status_code < 500, answered.text
    assert str(answered.status_code) in operation["responses"] or answered.status_code in (405, 307)
    if answered.status_code >= 400:
        assert json.loads(answered.text)["status"] == answered.status_code


SECRET = {
    "check": "frozen",
    "severity": "error",
    "since": "2026-02-01T00:00:00+00:00",
    "until": "2026-02-02T00:00:00+00:00",
    "found": None,
    "resolved": None,
    "evidence": "22.3 for 9 hours",
    "message": "ThermoPro 493D: value never changes",
    "sources": ["ThermoPro"],
    "sensors": ["493D"],
    "locations": ["1NP-S1"],
    "measurements": ["temp_indoor"],
}
HOMES = "homes,Homes,sm2,homes:Release,LicenseRef-homes,restricted,active\n"


def test_a_building_that_was_restricted_since_is_not_there(platform: Platform, seeds: Path) -> None:
    with (seeds / "publications.csv").open("a") as file:
        file.write(HOMES)
    own = TestClient(create_app(replace(platform.settings, seeds_dir=seeds)))
    nothing_is_there(own, platform.release.version)


def nothing_is_there(api: TestClient, version: str) -> None:
    assert get(api, "/buildings") == {"buildings": []}
    assert get(api, "/measurements")["measurements"] == []
    for path in (
        "",
        "/hierarchy",
        "/series",
        "/latest",
        "/data?series=x",
        "/lineage?series=x&at=2026-02-01",
        "/locations",
        "/aggregates?measurement=temp_indoor",
        "/export.sqlite",
        "/health/findings",
        "/health/freshness",
        "/health/completeness",
        "/health/quarantine",
    ):
        get(api, f"/buildings/sm2{path}", 404)
    assert get(api, "/releases") == {"releases": []}
    for path in ("/metrics", "/health/runs", ""):
        text = api.get(f"{PREFIX}{path}").text
        assert not any(name in text for name in ("sm2", "493D", "homes", "public_dataset")), text
    get(api, f"/releases/{version}/changes?since={version}", 404)
    get(api, f"/releases/{version}", 404)
    get(api, f"/releases/{version}/files/SHA256SUMS", 404)


@pytest.mark.parametrize(
    ("grant", "buildings", "releases"),
    [
        ("", 0, 0),
        ("user:jana,publication,homes,read,lives there", 1, 1),
        ("user:jana,building,sm2,read,lives there", 1, 1),
        ("role:Op,publication,homes,read,repairs", 1, 1),
        ("role:Admin,publication,homes,read,repairs", 0, 0),
        ("user:Op,publication,homes,read,a name like a role", 0, 0),
        ("user:jana,publication,public_dataset,read,opens nothing", 0, 0),
    ],
)
def test_what_is_restricted_is_there_for_those_whom_a_grant_names(
    published: Callable[..., Platform], seeds: Path, grant: str, buildings: int, releases: int
) -> None:
    platform = published("2026-02-04")
    version, paths = platform.release.version, platform.settings.paths
    paths.releases.rename(files.empty_folder(paths.root / "publications/homes") / "releases")
    with (seeds / "publications.csv").open("a") as file:
        file.write(HOMES)
    with (seeds / "grants.csv").open("a") as file:
        file.write(f"{grant}\n" if grant else "")
    app = FastAPI()
    own_settings = replace(platform.settings, seeds_dir=seeds)
    add_api(app, own_settings, lambda: Person("jana", frozenset({"Viewer", "Op"})))
    own = TestClient(app)
    if not buildings:
        nothing_is_there(own, version)
    assert len(get(own, "/buildings")["buildings"]) == buildings
    assert len(get(own, "/releases")["releases"]) == releases
    health = files.read_json(platform.settings.paths.findings / "health.json")
    secret = {**SECRET, "building_id": "sm2", "restricted": True}
    files.write_json(
        platform.settings.paths.findings / "health.json", {**health, "causes": [secret]}
    )
    if buildings:
        assert get(own, "/buildings/sm2/latest")["release"] == version
        (shown,) = get(own, "/buildings/sm2/health/findings")["findings"]
        assert (shown["message"], shown["sensors"]) == (SECRET["message"], ["493D"])
        assert 'open_incidents{building="sm2"' in own.get(f"{PREFIX}/metrics").text
    nothing_is_there(TestClient(create_app(own_settings)), version)


def test_a_machine_without_a_release_has_no_buildings(
    new_platform: Callable[..., Platform],
) -> None:
    own = TestClient(create_app(new_platform().settings))
    assert get(own, "/buildings") == {"buildings": []}
    assert get(own, "/releases") == {"releases": []}
    assert get(own, "")["latest"] == []
