"""The explorer's page, with the API as its source: the same files that are published beside the
releases.
"""

from typing import Annotated

from fastapi import FastAPI
from fastapi import Path as InPath
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from include.release.explorer_page import built_files
from include.serving.api.app import PREFIX
from include.serving.api.errors import not_found

FOLDER = "/explorer"
NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Explorer</title></head>
<body><h1>The explorer was not built</h1>
<p>It needs packages from npm. <code>make explorer</code> builds it. The API works without it:
<a href="../api/v1">api/v1</a>.</p></body></html>
"""
HEADERS = {
    "Cache-Control": "private, max-age=0, must-revalidate",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}


def add_page(app: FastAPI, airflow: str = "", models: str = "") -> None:
    """Let an application show the page at FOLDER.

    Args:
        app: has the API, and asks for a login where one is needed.
        airflow: address of Airflow's own pages as seen from FOLDER, for links to them.
        models: address of dbt's pages about the models.
    """

    @app.get("/", include_in_schema=False)
    def start() -> RedirectResponse:
        """To the page; relative, so that it works behind a prefix."""
        return RedirectResponse(f"{FOLDER[1:]}/")

    @app.get(f"{FOLDER}/", response_class=HTMLResponse, include_in_schema=False)
    def page() -> HTMLResponse:
        """The page, with the address of its API."""
        found = {path.name: path for path in built_files()}
        if not found:
            return HTMLResponse(NOT_BUILT, headers=HEADERS)
        given = f'data-api="..{PREFIX}" data-airflow="{airflow}" data-models="{models}"'
        text = found["index.html"].read_text().replace('data-api=""', given)
        return HTMLResponse(text, headers=HEADERS)

    @app.get(f"{FOLDER}/{{name}}", include_in_schema=False)
    def file(name: Annotated[str, InPath(max_length=100)]) -> Response:
        """One of its files."""
        for path in built_files():
            if path.name == name:
                return FileResponse(path, headers=HEADERS)
        raise not_found("such file of the page")
