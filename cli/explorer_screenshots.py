"""Pictures of the explorer for docs/images: `python -m cli.explorer_screenshots ADDRESS`, of what
`make api` serves or of a static copy; with `apartments` after it, of the pages of KPIs, which an
API shows to those who may read the apartments.
"""

import sys
from itertools import product
from pathlib import Path

from playwright.sync_api import sync_playwright

from cli.screenshots import browser

FOLDER = Path(__file__).resolve().parent.parent / "docs/images"
WIDTHS = {"wide": 1400, "tablet": 820, "phone": 390}
LINES = "places=1NP-S1,1NP-S2&measurements=temp_indoor,humidity_indoor&datetime=../..&grain=1d"
VIEWS = {
    **{
        f"explorer_{width}_{scheme}_{language}": (LINES, language, width, scheme)
        for width, scheme, language in product(WIDTHS, ("light", "dark"), ("en", "cs"))
    },
    "explorer_compared": (
        "places=sm2_01,5NP-S1&measurements=temp_indoor&datetime=2026-02&before=P1M",
        "cs",
        "wide",
        "dark",
    ),
    "explorer_heatmap": ("shape=heatmap&places=5NP-S2&datetime=../..", "cs", "tablet", "light"),
    "explorer_floors": ("shape=floors&datetime=last-month", "en", "tablet", "dark"),
    "explorer_calendar": ("shape=calendar&datetime=../..", "en", "phone", "dark"),
    "explorer_forecast": (
        "page=forecast&places=1NP-S1&measurements=temp_indoor",
        "en",
        "wide",
        "light",
    ),
    "explorer_health": ("page=health", "en", "tablet", "light"),
}
DAYS = "datetime=2023-10-28/2023-10-30"
DEVICE = "device=jimmy · Living Room · meteo"
KPI_VIEWS = {
    "explorer_kpis": (f"page=kpis&{DAYS}&before=P1D", "en", "wide", "light"),
    "explorer_energy": (f"page=energy&by=room&apartment=jeremie&{DAYS}", "en", "wide", "light"),
    "explorer_environment": (f"page=environment&{DAYS}&before=P1D", "de", "wide", "dark"),
    "explorer_presence": (f"page=presence&by=room&{DAYS}", "cs", "phone", "light"),
    "explorer_devices": (f"page=devices&{DAYS}&{DEVICE}", "en", "tablet", "light"),
}


def main(address: str, site: str = "") -> None:
    """Save a picture of each view."""
    views = KPI_VIEWS if site == "apartments" else VIEWS
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        for name, (view, language, width, scheme) in views.items():
            page = chromium.new_page(
                viewport={"width": WIDTHS[width], "height": 900},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            page.goto(f"{address}#{view}&language={language}", wait_until="networkidle")
            page.wait_for_timeout(500)
            page.screenshot(path=FOLDER / f"{name}.png")
            page.close()
        chromium.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
