"""Buildings, their places, measurements and series."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from include.core.settings import Settings
from include.forecasting.publish import latest_forecast
from include.serving.api.answers import PROBLEMS, answer
from include.serving.api.catalogue import View
from include.serving.api.pages import MOST, Cursor, Limit, page
from include.serving.api.selection import BuildingId

Names = Annotated[str, Query(max_length=2000, description="names, joined by commas; empty: all")]


def routes(who: Callable[..., View], settings: Settings) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    router = APIRouter(tags=["buildings"], responses=PROBLEMS)

    @router.get("/buildings", operation_id="list_buildings")
    def buildings(seen: Seen) -> dict[str, Any]:
        """All buildings that you may see."""
        return {"buildings": seen.buildings()}

    @router.get("/buildings/{building_id}", operation_id="get_building")
    def building(seen: Seen, request: Request, building_id: BuildingId) -> Response:
        """A building: name, time zone, licence, how many series it has, and its last forecast."""
        published = seen.of_building(building_id)
        forecast = latest_forecast(settings, building_id)
        name = forecast.name if forecast else None
        own = published.series[building_id].values()
        return answer(
            request,
            published,
            lambda: {
                "building": published.buildings[building_id]
                | {
                    "series": len(own),
                    "first": min((row["first"] for row in own), default=None),
                    "last": max((row["last"] for row in own), default=None),
                    "forecast": name,
                }
            },
            made_from=name or "",
        )

    @router.get("/buildings/{building_id}/hierarchy", operation_id="get_hierarchy")
    def hierarchy(seen: Seen, request: Request, building_id: BuildingId) -> Response:
        """The tree of a building's places and sensors: a list of nodes with their parents."""
        published = seen.of_building(building_id)
        return answer(request, published, lambda: {"nodes": published.nodes[building_id]})

    @router.get("/buildings/{building_id}/series", operation_id="list_series")
    def series(
        seen: Seen,
        request: Request,
        building_id: BuildingId,
        location: Names = "",
        measurement: Names = "",
        source: Names = "",
        limit: Limit = MOST,
        cursor: Cursor = "",
    ) -> Response:
        """The series of a building, of some places, measurements or sources."""
        published = seen.of_building(building_id)
        wanted = {"location": location, "measurement": measurement, "source": source}
        chosen = {name: text.split(",") for name, text in wanted.items() if text}
        units = {name: row["unit"] for name, row in published.measurements.items()}

        def found() -> dict[str, Any]:
            rows = [
                {name: value for name, value in row.items() if name != "packs"}
                | {"unit": units[row["measurement"]]}
                for row in published.series[building_id].values()
                if all(row[name] in names for name, names in chosen.items())
            ]
            return page(request, "series", rows, "id", limit, cursor)

        return answer(request, published, found)

    @router.get("/measurements", operation_id="list_measurements")
    def measurements(seen: Seen) -> dict[str, Any]:
        """All measurements, with their units, and what things are called in each language."""
        rows: dict[str, Any] = {}
        for published in reversed(seen.all()):
            rows |= published.measurements
        labels = seen.registry.labels_of("measurement", "type", "check", "what_to_do", "kpi")
        return {"measurements": list(rows.values()), "labels": labels}

    return router
