"""The last forecast of a building, as the API has it."""

import shutil
from datetime import datetime
from typing import Any

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from include.forecasting.publish import latest_forecast
from tests.serving.api.asking import get, series_ids
from tests.support.platform import Platform

pytestmark = pytest.mark.xdist_group("release")  # one process has its installations
HOURS = ("value", "lower_80", "upper_80", "model", "baseline_value")


def id_of(row: dict[str, Any]) -> str:
    return "~".join(row[name] for name in ("source", "location", "measurement"))


def test_what_is_expected_is_what_was_issued(api: TestClient, platform: Platform) -> None:
    folder = latest_forecast(platform.settings, "sm2")
    assert folder is not None
    assert get(api, "/buildings/sm2")["building"]["forecast"] == folder.name
    ids = series_ids(api)
    answered = get(api, f"/buildings/sm2/forecast?series={','.join(ids[:20])}")
    assert answered["forecast"] == folder.name
    rows = pq.read_table(folder / "fact_prediction.parquet").to_pylist()
    issue_time = datetime.fromisoformat(answered["issue_time"])
    assert {row["issue_time"] for row in rows} == {issue_time}
    compared = pq.read_table(folder / "forecast_quality.parquet").to_pylist()
    assert answered["series"]
    for series in answered["series"]:
        own = sorted(
            (row for row in rows if id_of(row) == series["id"]), key=lambda row: row["target_time"]
        )
        expected = series["expected"]
        assert expected["t"] == [row["target_time"].timestamp() for row in own]
        assert {name: expected[name] for name in HOURS} == {
            name: [row[name] for row in own] for name in HOURS
        }
        assert {(row["first_horizon"], row["model"], row["mae"]) for row in series["quality"]} == {
            (row["first_horizon"], row["model"], row["mae"])
            for row in compared
            if id_of(row) == series["id"]
        }
    asked = {series["id"] for series in answered["series"]}
    assert asked == {name for name in ids[:20] if name.endswith(("temp_indoor", "humidity_indoor"))}


def test_what_is_not_there_is_not_found_and_a_new_forecast_is_a_new_answer(
    api: TestClient, platform: Platform
) -> None:
    get(api, "/buildings/sm2/forecast?series=nothing", 404)
    get(api, "/buildings/sm2/forecast", 422)
    (name, *_) = series_ids(api)
    path = f"/api/v1/buildings/sm2/forecast?series={name}"
    etag = api.get(path).headers["etag"]
    assert api.get(path, headers={"If-None-Match": etag}).status_code == 304
    pointer = platform.settings.paths.forecasts("sm2") / "latest"
    other = pointer.parent / "2026-02-04T00Z-01234567"
    shutil.copytree(pointer.resolve(), other)
    before = pointer.readlink()
    pointer.unlink()
    try:
        get(api, f"/buildings/sm2/forecast?series={name}", 404)
        assert get(api, "/buildings/sm2")["building"]["forecast"] is None
        pointer.symlink_to(other.name)
        assert api.get(path, headers={"If-None-Match": etag}).status_code == 200
    finally:
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(before)
        shutil.rmtree(other)
    assert api.get(path).headers["etag"] == etag
