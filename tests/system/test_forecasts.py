"""Forecasts are published beside the releases, once for equal inputs, and stay as they were."""

import json
import shutil
import subprocess
from collections.abc import Callable

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from include.core import rclone
from include.forecasting.publish import issue, withdraw_forecasts
from include.serving.api.app import create_app
from tests.serving.api.asking import get, series_ids
from tests.support.platform import Platform, tree
from tests.support.raw_files import thermopro, times

pytestmark = pytest.mark.xdist_group("pure_function")  # whose installations it uses


def test_forecasts_are_published_beside_the_releases(published: Callable[..., Platform]) -> None:
    platform = published("2026-02-04")
    there = platform.drive / "Public/forecasts/sm2"
    first = there / json.loads((there / "latest.json").read_text())["path"]
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=first, check=True)
    expected = pq.read_table(first / "fact_prediction.parquet").to_pylist()
    assert {row["model"] for row in expected} == {"persistence"}, "five days are no week"
    assert {row["measurement"] for row in expected} == {"temp_indoor", "humidity_indoor"}
    assert {row["horizon"] for row in expected} == set(range(60, 49 * 60, 60))
    assert not list((platform.release.path).rglob("*prediction*")), "no release holds any"

    before = tree(there)
    assert issue(platform.at("2026-02-04")) == [], "equal inputs make no other"
    (there / "latest.json").unlink()  # an upload that stopped
    assert issue(platform.at("2026-02-04")) == []
    assert tree(there) == before
    later = json.dumps({"path": "2026-03-01T00Z-01234567"})
    (there / "latest.json").write_text(later)  # of a machine that knows more
    assert issue(platform.at("2026-02-04")) == []
    assert (there / "latest.json").read_text() == later
    (there / "latest.json").write_text("damaged")
    assert issue(platform.at("2026-02-04")) == []
    assert tree(there) == before

    thermopro(platform.raw, "072B", times("2026-01-29 00:00", 24 * 6))
    platform.run("2026-02-05")
    second = there / json.loads((there / "latest.json").read_text())["path"]
    assert second != first
    assert {name: tree(first)[name] for name in tree(first)} == {
        name.partition("/")[2]: content
        for name, content in before.items()
        if name.startswith(first.name)
    }
    held = pq.read_table(second / "forecast_held.parquet").to_pylist()
    assert len({row["target_time"] for row in held}) > 20
    assert {row["location"] for row in held if row["actual"] is not None}

    by_hour = {}  # each hour as its last forecast had it
    for row in sorted(held, key=lambda row: row["issue_time"]):
        by_hour[row["source"], row["location"], row["measurement"], row["target_time"]] = row
    api = TestClient(create_app(platform.settings))
    for series in get(api, f"/buildings/sm2/forecast?series={','.join(series_ids(api))}")["series"]:
        name = tuple(series["id"].split("~"))
        own = [row for key, row in sorted(by_hour.items()) if key[:3] == name]
        assert series["held"]["actual"] == [row["actual"] for row in own]
        assert series["held"]["value"] == [row["value"] for row in own]

    shutil.rmtree(platform.data / "forecasts")  # a machine that lost its disk
    assert issue(platform.at("2026-02-05")) == [], "it is there already"
    assert not (platform.data / "forecasts").exists()
    thermopro(platform.raw, "072B", times("2026-01-29 00:00", 24 * 7))
    platform.run("2026-02-06")
    third = platform.data / "forecasts/sm2/latest"
    held = pq.read_table(third / "forecast_held.parquet").to_pylist()
    assert len({row["issue_time"] for row in held}) == 2, "those that are only there"

    withdraw_forecasts(platform.at("2026-02-05"), "sm2")
    assert not (platform.data / "forecasts/sm2").exists()
    assert not rclone.folders("sm2drive:Public/forecasts")
