"""Walks Airflow's pages of this platform in a real browser: python cli/screenshots.py ADDRESS
PASSWORD [FOLDER].
"""

import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1400, 900
PATIENCE = 120_000  # milliseconds for one step on a machine that is busy
SETTLED = 1500  # milliseconds in which a page draws what it has loaded


def browser() -> str | None:
    """The program of a browser on this machine."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def walk(address: str, password: str, folder: Path | None = None) -> list[str]:
    """Open each DAG's pages, the assets and the platform's own page as `admin`; returns every error
    that a page had.

    Of a DAG that has run, also its newest run. With a folder, each page is saved there as a
    picture.
    """
    errors: list[str] = []
    places = {"home": "/", "assets": "/assets", "explorer": "/plugin/platform"}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, base_url=address)
        log_in(page, password)
        dag_ids = [dag["dag_id"] for dag in page.request.get("/api/v2/dags").json()["dags"]]
        for dag_id in dag_ids:
            places |= {dag_id: f"/dags/{dag_id}", f"{dag_id}_runs": f"/dags/{dag_id}/runs"}
            for run in page.request.get(
                f"/api/v2/dags/{dag_id}/dagRuns?limit=1&order_by=-run_after"
            ).json()["dag_runs"]:
                places[f"{dag_id}_run"] = f"/dags/{dag_id}/runs/{run['dag_run_id']}"
        page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
        page.on(
            "response",
            lambda answer: (
                errors.append(f"{page.url}: {answer.status} for {answer.url}")
                if answer.status >= 400
                else None
            ),
        )
        for name, place in places.items():
            page.goto(place, wait_until="networkidle")
            page.wait_for_timeout(SETTLED)
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=folder / f"{name}.png")
            if name in dag_ids:
                _has(page, name, errors)
        page.goto("/plugin/platform", wait_until="networkidle")
        try:
            page.frame_locator("iframe").get_by_role("heading", name="SM2").wait_for()
        except PlaywrightTimeout:
            errors.append("/plugin/platform: the page does not show the explorer")
        chromium.close()
    return errors


def log_in(page: Page, password: str) -> None:
    """Log in as the user of `make ui`."""
    page.set_default_timeout(PATIENCE)
    page.goto("/auth/login")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")


def _has(page: Any, text: str, errors: list[str]) -> None:
    if not page.get_by_text(text).first.is_visible():
        errors.append(f"{page.url}: does not say {text}")


if __name__ == "__main__":
    print(
        "\n".join(walk(sys.argv[1], sys.argv[2], Path(sys.argv[3]) if len(sys.argv) > 3 else None))
        or "no error"
    )
