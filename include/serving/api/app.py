"""The JSON API over published Parquet, as routers that any application can include.

`create_app` runs it alone: without a login, for what is public. Airflow's plugin includes the same
routers behind its own.
"""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp, Receive, Scope, Send

from include.core.settings import Settings
from include.serving.access import Person
from include.serving.api.answers import PROBLEMS
from include.serving.api.catalogue import Catalogue, View
from include.serving.api.errors import MEDIA_TYPE, handle_errors
from include.serving.api.limits import Limits
from include.serving.api.routes import (
    buildings,
    comparison,
    data,
    downloads,
    forecasts,
    health,
    kpis,
    lineage,
    places,
    platform,
    releases,
)
from include.serving.api.values import Reader

TITLE = "Open building sensor data"
LONGEST_QUERY = 8192  # bytes
PREFIX = "/api/v1"


class ShortQueries:
    """Answers 414 to a query that is too long, before anything reads it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if len(scope.get("query_string", b"")) <= LONGEST_QUERY:
            await self.app(scope, receive, send)
            return
        body = b'{"type":"about:blank","title":"URI Too Long","status":414}'
        headers = [(b"content-type", MEDIA_TYPE.encode())]
        await send({"type": "http.response.start", "status": 414, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def add_api(
    app: FastAPI,
    settings: Settings,
    person: Callable[..., Person | None],
    limits: Limits | None = None,
) -> None:
    """Let an application answer below PREFIX; `person` is a dependency that says who asks."""
    app.add_middleware(ShortQueries)
    handle_errors(app)
    app.include_router(_routes(settings, person, limits or Limits()), prefix=PREFIX)


def create_app(settings: Settings, limits: Limits | None = None) -> FastAPI:
    """The API alone."""
    app = FastAPI(title=TITLE, docs_url=None, redoc_url=None, openapi_url=None)
    add_api(app, settings, nobody, limits)
    return app


def nobody() -> None:
    """Somebody without a login: sees what is public."""


def _routes(settings: Settings, person: Callable[..., Person | None], limits: Limits) -> APIRouter:
    catalogue, reader = Catalogue(settings), Reader()

    async def limited(
        request: Request, asks: Annotated[Person | None, Depends(person)]
    ) -> AsyncIterator[None]:
        """Before anything is read, and until the answer is made: sending it may take long."""
        limits.count(asks.name if asks else request.client.host if request.client else "")
        async with limits.turn():
            yield

    def who(asks: Annotated[Person | None, Depends(person)]) -> View:
        return catalogue.of(asks)

    router = APIRouter(dependencies=[Depends(limited, scope="function")])
    for own in (
        buildings.routes(who, settings),
        places.routes(who, reader),
        data.routes(who, reader),
        comparison.routes(who, reader),
        kpis.routes(who, reader),
        forecasts.routes(who, reader, settings),
        lineage.routes(who, reader, settings),
        health.routes(who, reader, settings),
        platform.routes(who, settings),
        releases.routes(who),
        downloads.routes(who, reader, settings),
    ):
        router.include_router(own)

    @router.get("", operation_id="get_start", responses=PROBLEMS, tags=["releases"])
    def start(seen: Annotated[View, Depends(who)]) -> dict[str, Any]:
        """Where to begin."""
        found = [one.heads | {"title": one.index["title"]} for one in seen.all()]
        names = ("buildings", "measurements", "releases", "health/runs", "openapi.json")
        return {
            "latest": found,
            "links": {name: f"{PREFIX.rpartition('/')[2]}/{name}" for name in names},
        }

    @router.get("/openapi.json", operation_id="get_openapi", tags=["releases"])
    def openapi(request: Request) -> dict[str, Any]:
        """This description."""
        own = [
            route for route in request.app.routes if getattr(route, "path", "").startswith(PREFIX)
        ]
        server = {"url": request.scope.get("root_path", "") or "/"}
        return get_openapi(title=TITLE, version="1", routes=own, servers=[server])

    return router
