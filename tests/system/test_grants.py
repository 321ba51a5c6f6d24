"""Of the apartments each person gets what the grants say: by the API, in files, and on pages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect, sync_playwright

from cli.screenshots import browser
from include.core.paths import DataPaths
from include.core.settings import Settings
from include.release.explorer_page import built_path
from include.serving.access import Person
from include.serving.api.app import PREFIX, add_api
from include.serving.api.limits import Limits
from include.serving.page import add_page
from tests.support.served import served

pytestmark = pytest.mark.xdist_group("examples")
GRANTS = """user:owner,building,apartments,read,owns it
user:renter,place,apartments.jeremie,read,lives there
user:analyst,publication,apartments,read,counts
"""
KPIS_BY = (
    "apartment",
    "room",
    "location",
    "sensor_id",
    "building_id,local_date",
    "apartment,hour",
    "sensor_type",
)
SECRET = {"renter": "jimmy|Visp|battery|uptime", "stranger": "jimmy|jeremie|apartments"}


def api_of(apartments: DataPaths, name: str) -> TestClient:
    """The API as somebody asks it."""
    settings = replace(
        Settings.from_environment(), data_dir=apartments.root, seeds_dir=apartments.root / "seeds"
    )
    app = FastAPI()
    add_api(app, settings, lambda: Person(name, frozenset({"Viewer"})), Limits(rate=1e9))
    return TestClient(app)


@pytest.fixture(scope="module")
def granted(apartments: DataPaths) -> DataPaths:
    with (apartments.root / "seeds/grants.csv").open("a") as file:
        file.write(GRANTS)
    return apartments


def energy(api: TestClient) -> dict[str, float]:
    """By apartment, of the day of the clock change."""
    path = f"{PREFIX}/buildings/apartments/kpis?kpi=energy&datetime=2023-10-29/2023-10-30"
    return {row["apartment"]: row["value"] for row in api.get(path).json()["rows"]}


def paths_of(api: TestClient, whole: TestClient) -> Iterator[str]:
    """Every route of the API that answers GET, with what the building really has."""
    series = whole.get(f"{PREFIX}/buildings/apartments/series").json()["series"]
    releases = whole.get(f"{PREFIX}/releases").json()["releases"]
    (version,) = [row["version"] for row in releases if row["latest"]]
    release = whole.get(f"{PREFIX}/releases/{version}").json()
    spec = whole.get(f"{PREFIX}/openapi.json").json()
    filled = {"building_id": "apartments", "version": version, "suffix": "csv"}
    for path, methods in spec["paths"].items():
        if "get" not in methods or "openapi" in path:
            continue
        if "{path}" in path:
            yield from (path.format(version=version, path=f["path"]) for f in release["files"])
            continue
        own = path.format(**filled)
        needed = {
            one["name"] for one in methods["get"].get("parameters", ()) if one.get("required")
        }
        if own.endswith("/forecast"):  # apartments have none
            yield f"{own}?series={quote(series[0]['id'])}"
        elif "series" in needed:
            chosen = [f"series={quote(row['id'])}&at={quote(row['last'])}" for row in series[::9]]
            yield from (f"{own}?{one}&datetime=P3D/.." for one in chosen)
            yield f"{own}?{chosen[0]}&raw=true"
        elif "measurement" in needed:
            yield from (
                f"{own}?measurement={name}&by={by}&datetime=P9D/.."
                for name in ("temp_indoor", "energy_metered", "battery", "temp_forecast")
                for by in ("location", "room", "apartment", "building")
            )
        elif "since" in needed:
            yield f"{own}?since={version}"
        elif own.endswith("kpis"):
            yield from (f"{own}?datetime=2023-10-28/2023-10-30&by={by}" for by in KPIS_BY)
        else:
            yield own


def test_each_person_gets_what_the_grants_say(granted: DataPaths) -> None:
    """Over all routes and all files: a renter finds nothing of the other apartment, nothing of
    devices' health, no file and no raw line; a stranger nothing at all.
    """
    clients = {name: api_of(granted, name) for name in ("owner", "analyst", "renter", "stranger")}
    whole = clients["owner"]
    asked, answered = 0, dict.fromkeys(clients, 0)
    for path in paths_of(whole, whole):
        asked += 1
        statuses = {}
        for name, api in clients.items():
            answer = api.get(path)
            statuses[name] = answer.status_code
            answered[name] += answer.status_code == 200
            if answer.status_code == 200 and name in SECRET:  # else it says what was asked for
                text = answer.text.partition('"labels"')[0]
                assert not re.search(SECRET[name], text), (name, path)
        assert statuses["owner"] == statuses["analyst"], path
        if "/releases/" in path or "raw=true" in path or "findings" in path or "quarantine" in path:
            assert statuses["renter"] == statuses["stranger"] == 404, path
        if "/buildings/" in path:
            assert statuses["stranger"] == 404, path
    assert asked > 150
    assert answered["owner"] > asked * 0.9 and 20 < answered["renter"] < answered["owner"] / 2

    assert energy(whole).keys() == {"jeremie", "jimmy"}
    assert energy(clients["renter"]) == {"jeremie": energy(whole)["jeremie"]}
    nodes = clients["renter"].get(f"{PREFIX}/buildings/apartments/hierarchy").json()["nodes"]
    assert {node["type"] for node in nodes} == {"Building", "Floor", "Apartment", "Room", "Sensor"}


ROOM = "places=jeremie/Bedroom&measurements=temp_indoor"
# page of KPIs → one of its tiles, and what is drawn
PAGES = {
    "Energy": ("Energy used", ".u-over"),
    "Environment": ("Indoor CO₂", ".u-over"),
    "Presence": ("Occupancy rate", ".heatmap canvas"),
    "Devices": ("Lowest battery", "td"),
}


def walked(page: Page, address: str) -> Iterator[str]:
    """The source of each page of KPIs, also of those that have no link, once it is whole."""
    for name, (tile, drawn) in PAGES.items():
        page.goto(f"{address}&by=room&page={name.lower()}")
        if page.get_by_role("link", name=name, exact=True).count():
            expect(page.locator(".tiles")).to_contain_text(tile, timeout=30_000)
            expect(page.locator(drawn).first).to_be_visible()
        else:
            expect(page.get_by_text("There are no KPIs for this period.")).to_be_visible()
        yield page.content()


@contextmanager
def explorer_of(apartments: DataPaths, name: str) -> Iterator[str]:
    """The page as somebody opens it."""
    app = api_of(apartments, name).app
    assert isinstance(app, FastAPI)
    add_page(app)
    with served(app) as address:
        asked = f"{address}{PREFIX}/buildings/apartments/kpis"
        for _ in range(20):  # what the first request reads may take longer than an answer may
            if httpx.get(asked).status_code == httpx.codes.OK:
                break
        yield f"{address}/explorer/"


@pytest.mark.skipif(browser() is None, reason="there is no Chromium")
@pytest.mark.skipif(not built_path(), reason="the page is not built (make explorer)")
def test_an_owner_and_a_renter_see_their_pages(granted: DataPaths) -> None:
    """In a browser; of the other apartment a renter's pages have nothing, also not in what they
    fetch.
    """
    days = "datetime=2023-10-29/2023-10-30&language=en"
    found: dict[str, str] = {}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        for name in ("owner", "renter"):
            fetched: list[str] = []
            errors: list[str] = []
            page = chromium.new_page()
            page.on("response", lambda one, fetched=fetched: fetched.append(one.text() if "json" in one.headers.get("content-type", "") else ""))  # fmt: skip
            page.on("console", lambda said, errors=errors: errors.append(said.text) if said.type == "error" else None)  # fmt: skip
            with explorer_of(granted, name) as address:
                page.goto(f"{address}#page=kpis&before=P1D&{days}")
                row = page.get_by_role("row").filter(has_text=re.compile("^Energy used"))
                expect(row).to_contain_text("kWh", timeout=30_000)
                found[name] = row.inner_text()
                for link in ("Health", "Release", "Devices"):
                    there = page.get_by_role("link", name=link, exact=True)
                    expect(there).to_have_count(int(name == "owner"))
                row.locator("summary").click()
                expect(row).to_contain_text("energy used in the apartment")
                texts = [page.content(), *walked(page, f"{address}#{days}")]
                for shape in ("lines", "heatmap", "table"):
                    page.goto(f"{address}#page=explore&shape={shape}&{ROOM}&{days}")
                    expect(page.get_by_text("jeremie/Bedroom").last).to_be_visible(timeout=30_000)
                    texts.append(page.content())
                page.wait_for_load_state("networkidle")
            page.close()
            seen = "\n".join([*texts, *fetched])
            assert ("jimmy" in seen) is (name == "owner")
            figures = "".join(text for text in fetched if '"rows"' in text)
            assert ("battery" in figures) is ("battery" in "".join(texts)) is (name == "owner")
            assert len(fetched) > 20 and not errors
        chromium.close()
    used = energy(api_of(granted, "owner"))
    digits = 2 if max(used.values()) >= 1 else 3
    assert f"{used['jeremie']:.{digits}f}" in found["renter"]
    assert all(f"{value:.{digits}f}" in found["owner"] for value in used.values())
