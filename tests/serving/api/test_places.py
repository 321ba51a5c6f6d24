"""Places pool the hours of the release, and long lists come in pages."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.serving.api.asking import ALL, get, series_ids
from tests.support.platform import Platform

pytestmark = pytest.mark.xdist_group("release")

PLACES = {
    "location": "location",
    "floor": "if(location like 'sm2%', 'floor not known', split_part(location, '-', 1))",
    "building": "'SM2'",
}
WINDOWS = {"all": "null::timestamptz", "1h": "timestamp", "1d": "day", "1w": "week", "1M": "month"}


def pooled(platform: Platform, place: str, grain: str) -> list[tuple[Any, ...]]:
    """The release's hours of temp_indoor, by another query."""
    unit = WINDOWS[grain]
    local = (
        f"date_trunc('{unit}', timestamp at time zone 'Europe/Prague') at time zone 'Europe/Prague'"
    )
    window = unit if grain in ("all", "1h") else local
    return platform.query(
        f"select {PLACES[place]} as place, epoch({window})::bigint as t,"
        " sum(value_mean * count) / sum(count), min(value_min), max(value_max), count(*)"
        " from public_dataset_hourly where measurement = 'temp_indoor' group by all order by all"
    )


@pytest.mark.parametrize("grain", WINDOWS)
@pytest.mark.parametrize("by", PLACES)
def test_aggregates_are_those_of_the_hours(
    api: TestClient, platform: Platform, by: str, grain: str
) -> None:
    path = f"/buildings/sm2/aggregates?measurement=temp_indoor&by={by}&grain={grain}&{ALL}"
    found = get(api, path)
    assert (found["unit"], found["by"], found["grain"]) == ("Cel", by, grain)
    columns = ("mean", "min", "max", "hours")
    rows = [(row["name"], row.get("t"), *(row[name] for name in columns)) for row in found["rows"]]
    wanted = pooled(platform, by, grain)
    assert len(rows) == len(wanted) > 0
    for row, expected in zip(sorted(rows, key=str), sorted(wanted, key=str), strict=True):
        assert row[:2] == expected[:2] and row[3:] == expected[3:]
        assert row[2] == pytest.approx(expected[2], rel=1e-12)


def test_odd_aggregates_are_refused(api: TestClient) -> None:
    path = "/buildings/sm2/aggregates?measurement=temp_indoor"
    assert "floor" in get(api, f"{path}&by=sensor", 422)["errors"][0]["detail"]
    assert get(api, f"{path}&datetime=2020/2021")["rows"] == []
    assert get(api, f"{path}&datetime=2030/2230&grain=1h", 422)["errors"][0]["parameter"] == "grain"
    get(api, "/buildings/sm2/aggregates?measurement=co2", 404)
    get(api, "/buildings/sm2/aggregates", 422)


def test_locations_are_in_the_tree(api: TestClient) -> None:
    found = get(api, "/buildings/sm2/locations")["locations"]
    assert [row["location"] for row in found] == sorted(
        {name.split("~")[1] for name in series_ids(api)}
    )
    (row,) = (row for row in found if row["location"] == "1NP-S1")
    assert [node["id"] for node in row["path"]] == ["sm2", "sm2.1NP"]
    assert (row["id"], row["type"], row["sources"]) == ("sm2.1NP-S1", "Zone", ["ThermoPro"])
    assert row["measurements"] == ["humidity_indoor", "temp_indoor"]
    assert {one for row in found for one in row["series"]} == set(series_ids(api))


@pytest.mark.parametrize(("name", "key"), [("series", "id"), ("locations", "location")])
def test_pages_together_are_the_whole_list(api: TestClient, name: str, key: str) -> None:
    path = f"/buildings/sm2/{name}"
    whole = [row[key] for row in get(api, path)[name]]
    found, query = [], "?limit=2"
    while query:
        page = get(api, f"{path}{query}")
        assert 1 <= len(page[name]) <= 2
        found += [row[key] for row in page[name]]
        query = page["links"]["next"]
    assert found == whole
    for cursor in ("x", "🦆", "bm8gc3VjaA==", "a" * 999):
        assert get(api, f"{path}?cursor={cursor}", 422)["errors"][0]["parameter"] == "cursor"
    for limit in (0, 1001, -1, "x"):
        get(api, f"{path}?limit={limit}", 422)
