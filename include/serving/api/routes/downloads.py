"""What other programs load: a building as SQLite, and metrics for Prometheus."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse, PlainTextResponse, Response

from include.core.settings import Settings
from include.serving.api.answers import PROBLEMS
from include.serving.api.catalogue import View
from include.serving.api.export import sqlite_file
from include.serving.api.opened import OpenedFile
from include.serving.api.selection import BuildingId
from include.serving.api.values import Reader
from include.serving.metrics import MEDIA_TYPE, metrics_text

SQLITE = "application/vnd.sqlite3"
IS_SQLITE: dict[int | str, dict[str, Any]] = {200: {"content": {SQLITE: {}}}}


def routes(who: Callable[..., View], reader: Reader, settings: Settings) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    router = APIRouter(responses=PROBLEMS)

    @router.get(
        "/buildings/{building_id}/export.sqlite",
        operation_id="export_building",
        response_class=FileResponse,
        responses=IS_SQLITE,
        tags=["data"],
    )
    def export(seen: Seen, building_id: BuildingId) -> Response:
        """All series of a building with their hours and days, as one SQLite file. The first
        request after a release makes the file, which takes some seconds.
        """
        published = seen.of_building(building_id, whole=True)
        path = sqlite_file(reader, settings, published, building_id)
        name = f"{building_id}-{published.release.version}.sqlite"
        headers = {"Cache-Control": "private, max-age=0, must-revalidate"}
        return OpenedFile(path, headers=headers, media_type=SQLITE, filename=name)

    @router.get(
        "/metrics", operation_id="get_metrics", response_class=PlainTextResponse, tags=["health"]
    )
    def metrics(seen: Seen) -> Response:
        """Published rows, refused files, open incidents and runs, for Prometheus."""
        found = seen.by_publication()
        text = metrics_text(
            settings,
            {name: one.release for name, one in found.items()},
            [name for name, one in found.items() if seen.sees_all_of(name, one.path)],
            [
                name
                for one in found.values()
                for name, access in one.access.items()
                if access.is_whole
            ],
        )
        return Response(text, media_type=MEDIA_TYPE)

    return router
