"""The page in a real browser, from the API and as static files."""

import csv
import functools
import http.server
import io
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

from cli.screenshots import browser
from include.release.explorer_page import built_path
from include.serving.api.app import create_app
from include.serving.page import add_page
from tests.support.platform import Platform
from tests.support.raw_files import Raw, atrea, thermopro, times
from tests.support.served import served

pytestmark = [
    pytest.mark.xdist_group("explorer"),
    pytest.mark.skipif(browser() is None, reason="there is no Chromium"),
    pytest.mark.skipif(not built_path(), reason="the page is not built (make explorer)"),
]
ROOM = "places=1NP-S1&measurements=temp_indoor"
JANUARY = "datetime=2026-01-21/2026-01-29"
TABLES = {"1h": "hourly", "1d": "daily", "1w": "weekly", "1M": "monthly"}
SERIOUS = {"serious", "critical"}


def two_winters(raw: Raw) -> None:
    """A room and a ventilation unit in two Januaries, and the room over New Year; another room that fell silent."""
    thermopro(raw, "493D", times("2024-12-28 00:00", 24 * 9), exported=2024)
    for year in (2025, 2026):
        hours = times(f"{year}-01-20 00:00", 24 * 15)
        thermopro(raw, "493D", hours, value=lambda n, y=year: f"{19 + y % 5 + n % 24 / 10:.1f}", exported=year)  # fmt: skip
    thermopro(
        raw, "072B", times("2026-01-20 00:00", 24 * 8), value=lambda n: f"{20 + n % 7 / 10:.1f}"
    )
    atrea(raw, times("2026-01-20 00:00", 24 * 15), name="Graph_01_20260120_20260204.csv")


@pytest.fixture(scope="module")
def platform(templates: Callable[..., Platform]) -> Platform:
    return templates("2026-02-04", two_winters)


@contextmanager
def static_copy(platform: Platform) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(platform.raw.drive / "Public"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/explorer/"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def app(platform: Platform) -> Iterator[str]:
    own = create_app(platform.settings)
    add_page(own)
    with served(own) as address:
        yield f"{address}/explorer/"


@pytest.fixture(scope="module", params=[app, static_copy], ids=["app", "static"])
def address(request: pytest.FixtureRequest, platform: Platform) -> Iterator[str]:
    with request.param(platform) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        yield program
        program.close()


@pytest.fixture
def page(chromium) -> Iterator[Page]:
    """In another zone than the building's. Nothing may go wrong on the console."""
    context = chromium.new_context(
        timezone_id="America/New_York", locale="en-GB", viewport={"width": 1280, "height": 900}
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.set_default_timeout(15_000)
    yield page
    context.close()
    assert not errors


def shown(page: Page, address: str, view: str) -> None:
    page.goto("about:blank")
    page.goto(f"{address}#{view}")
    expect(page.locator(".legend tbody tr").first).to_be_visible()


@pytest.mark.parametrize("grain", TABLES)
@pytest.mark.parametrize("stop", ["2026-02-04", "2025-01-01"])
def test_what_is_downloaded_is_what_the_release_has(
    page: Page, address: str, platform: Platform, grain: str, stop: str
) -> None:
    """The last week of 2024 ends in 2025; the month and the week in which the release was made are not over."""
    shown(page, address, f"language=en&{ROOM}&datetime=2024-12-01/{stop}&grain={grain}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    wanted = platform.query(
        "select epoch(timestamp)::bigint, value_mean, value_min, value_max"
        f" from public_dataset_{TABLES[grain]} where location = '1NP-S1'"
        f" and measurement = 'temp_indoor' and local_date < '{stop}' order by 1"
    )
    found = [
        (
            datetime.fromisoformat(row["timestamp"]).timestamp(),
            *(float(row[name]) for name in ("mean", "min", "max")),
        )
        for row in rows
    ]
    assert [row[0] for row in found] == [row[0] for row in wanted]
    is_exact = page.locator("html").evaluate("html => html.dataset.api") != ""
    half = 1e-9 if is_exact else 0.05 + 1e-9
    assert np.abs(np.array(found)[:, 1:] - np.array(wanted)[:, 1:]).max() <= half
    expect(page.locator(".legend tbody")).to_contain_text("°C")


def test_places_are_chosen_the_chart_is_zoomed_and_the_link_shows_the_same(
    page: Page, address: str
) -> None:
    shown(page, address, f"language=en&{ROOM}&{JANUARY}")
    page.get_by_role("button", name="Places: 1PP").click()
    page.get_by_label("1PP-S5").check()
    expect(page.locator(".legend tbody tr")).to_have_count(2)
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".u-over")).to_be_visible()
    box = page.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.26, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60, steps=4)
    page.mouse.up()
    expect(page.locator(".range b")).to_contain_text("23/01/2026")
    link = page.url
    text = page.locator(".range b").inner_text()
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator(".range b")).to_have_text(text)
    expect(page.locator(".legend tbody tr")).to_have_count(2)


def test_a_year_before_is_compared_on_the_same_clock(page: Page, address: str) -> None:
    shown(page, address, f"language=en&{ROOM}&{JANUARY}&before=P1Y&shape=table")
    rows = page.locator(".values tbody tr")
    assert rows.count() == 24 * 8
    first = rows.first.locator("td").all_inner_texts()
    assert len(first) == 2 and "°C" in first[1]
    expect(page.locator(".legend tbody tr")).to_have_count(2)
    expect(page.locator(".legend tbody")).to_contain_text("earlier")


def test_the_keyboard_moves_along_the_chart_says_values_and_opens_raw_lines(
    page: Page, address: str
) -> None:
    shown(page, address, f"language=en&{ROOM}&{JANUARY}")
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    expect(page.locator("[aria-live]").first).to_contain_text("21/01/2026")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[aria-live]").first).to_contain_text("1:00")
    expect(page.locator("[aria-live]").first).to_contain_text("°C")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator(".digest").first).to_have_text(re.compile("sha256 [0-9a-f]{64}"))
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_heat_map_floors_and_calendar_show_values(page: Page, address: str) -> None:
    shown(page, address, f"language=en&{ROOM}&{JANUARY}&shape=heatmap")
    page.locator(".heatmap canvas").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".heatmap [aria-live]")).to_have_text(
        re.compile(r"28/01/2026, 1:00: \d+\.\d.°C")
    )
    page.get_by_role("button", name="Floors").click()
    expect(page.locator(".floors li").first).to_contain_text("°C")
    page.get_by_role("button", name="Completeness").click()
    expect(page.get_by_role("button", name="2026-01-22: 100%")).to_be_visible()


def test_it_speaks_czech_and_has_no_key_instead_of_a_text(page: Page, address: str) -> None:
    shown(page, address, f"language=en&{ROOM}&{JANUARY}")
    page.get_by_label("Language").select_option("cs")
    expect(page.locator("html")).to_have_attribute("lang", "cs")
    expect(page.get_by_role("button", name="Stáhnout CSV")).to_be_visible()
    expect(page.locator(".legend tbody")).to_contain_text("Teplota uvnitř")
    assert not re.search(
        r"\b[a-z]+_[a-z_]+\b", page.locator("body").inner_text().replace("sm2_01", "")
    )


@pytest.mark.parametrize(
    "view", [f"{ROOM}&{JANUARY}", "shape=table", "shape=calendar", "page=release", "page=report"]
)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_serious(
    page: Page, address: str, view: str, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}#language=en&{view}")
    expect(page.locator("table").first).to_be_visible()
    found = Axe().run(page).response["violations"]
    assert not [
        (row["id"], [node["html"] for node in row["nodes"]][:2])
        for row in found
        if row["impact"] in SERIOUS
    ]


def test_a_forecast_is_drawn_after_what_came_and_says_what_it_is_worth(
    page: Page, platform: Platform
) -> None:
    with app(platform) as address:
        shown(page, address, f"page=forecast&language=en&{ROOM}")
        expect(page.locator("main")).to_contain_text("Issued 04/02/2026, 0:00")
        expect(page.locator(".legend tbody tr")).to_have_text(
            [re.compile(r"^1NP-S1 "), re.compile("expected"), re.compile("baseline")]
        )
        page.locator(".plot").focus()
        page.keyboard.press("End")
        expect(page.locator("[aria-live]").first).to_contain_text("05/02/2026, 23:00")
        page.keyboard.press("ArrowDown")
        expect(page.locator("[aria-live]").first).to_contain_text("°C")
        violations = Axe().run(page).response["violations"]
        assert not [row["id"] for row in violations if row["impact"] in SERIOUS]


def test_an_incident_leads_to_its_place_and_time(page: Page, platform: Platform) -> None:
    with app(platform) as address:
        page.goto(f"{address}#page=health&language=en")
        card = page.locator(".incident", has_text="Silent").first
        expect(card).to_contain_text("What to do")
        card.get_by_role("button", name="Show on the chart").click()
        expect(page.locator(".incident").first).to_be_visible()
        expect(page.locator(".legend tbody tr").first).to_contain_text("1PP-S5")
