"""Health of the whole platform: it is there before anything was published, and says nothing of what
is restricted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from include.core import files
from include.ingest.register import DRIVES
from include.monitoring.health import health_file
from include.serving.api.app import PREFIX, create_app
from tests.support.platform import Platform

LOOK = {
    "as_of": "2026-02-04T00:00:00+00:00",
    "run_id": "manual__1",
    "at": "2026-02-04T06:00:00+00:00",
}
CAUSE = {"check": "run_overdue", "severity": "error", "since": "2026-01-01T00:00:00+00:00", "until": "2026-01-02T00:00:00+00:00", "found": None, "resolved": None,
         "evidence": "", "message": "maintain_platform: overdue", "cure": "unpause it", "sources": [], "sensors": [], "locations": [], "measurements": []}  # fmt: skip


def health(platform: Platform, seeds: Path | None = None) -> dict[str, Any]:
    settings = replace(platform.settings, seeds_dir=seeds) if seeds else platform.settings
    answer = TestClient(create_app(settings)).get(f"{PREFIX}/health")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_an_empty_machine_has_a_page_too(new_platform: Callable[..., Platform]) -> None:
    assert health(new_platform()) == {"look": None, "findings": [], "unread": None}


def test_incidents_of_no_building_and_unread_sources_are_there_before_a_release(
    new_platform: Callable[..., Platform], seeds: Path
) -> None:
    platform = new_platform()
    folder = files.empty_folder(platform.settings.paths.findings)
    own = {**CAUSE, "building_id": "sm2", "message": "ThermoPro 493D: silent"}
    files.write_json(health_file(platform.settings), {**LOOK, "causes": [CAUSE, own]})
    files.write_json(folder / DRIVES, {"sm2_thermopro": ["could not be read"]})
    found = health(platform)
    assert found["look"]["run_id"] == "manual__1"
    (shown,) = found["findings"]
    assert (shown["message"], shown["what_to_do"]) == (CAUSE["message"], "unpause it")
    assert found["unread"] == {"sm2_thermopro": ["could not be read"]}
    with (seeds / "publications.csv").open("a") as file:
        file.write("homes,Homes,sm2,homes:Release,LicenseRef-homes,restricted,active\n")
    restricted = health(platform, seeds)
    assert restricted["unread"] == {} and len(restricted["findings"]) == 1
