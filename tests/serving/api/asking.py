"""How the tests of the API ask it."""

from typing import Any

from starlette.testclient import TestClient

from include.serving.api.app import PREFIX

ALL = "datetime=../.."


def get(api: TestClient, path: str, status: int = 200) -> Any:
    answered = api.get(f"{PREFIX}{path}")
    assert answered.status_code == status, (path, answered.text)
    return answered.json()


def series_ids(api: TestClient) -> list[str]:
    return [row["id"] for row in get(api, "/buildings/sm2/series")["series"]]
