"""The places of a building: what is measured there, and the values of all their series together."""

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from include.contract.tables import file_of
from include.serving.api.answers import PROBLEMS, answer
from include.serving.api.catalogue import Published, View
from include.serving.api.errors import Problem, not_found
from include.serving.api.pages import MOST, Cursor, Limit, page
from include.serving.api.periods import Period
from include.serving.api.places import LOCATION, locations_of, places_by, types_of
from include.serving.api.selection import (
    MOST_POINTS,
    BuildingId,
    PeriodText,
    covered_part,
    period_of,
)
from include.serving.api.values import GRAINS, Reader

WINDOWS = {"1h": "hour", "1d": "day", "1w": "week", "1M": "month", "all": "all"}

MeasurementName = Annotated[
    str, Query(max_length=100, description="a measurement", examples=["temp_indoor"])
]
By = Annotated[
    str,
    Query(
        max_length=40,
        description="location, or a type of places of the hierarchy: floor, zone, building",
        examples=["floor"],
    ),
]


def routes(who: Callable[..., View], reader: Reader) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    router = APIRouter(responses=PROBLEMS)

    @router.get(
        "/buildings/{building_id}/locations", operation_id="list_locations", tags=["buildings"]
    )
    def locations(
        seen: Seen,
        request: Request,
        building_id: BuildingId,
        limit: Limit = MOST,
        cursor: Cursor = "",
    ) -> Response:
        """The locations of a building's series, each with the nodes above it in the hierarchy."""
        published = seen.of_building(building_id)
        return answer(
            request,
            published,
            lambda: page(
                request, "locations", locations_of(published, building_id), LOCATION, limit, cursor
            ),
        )

    @router.get("/buildings/{building_id}/aggregates", operation_id="get_aggregates", tags=["data"])
    def aggregates(
        seen: Seen,
        request: Request,
        building_id: BuildingId,
        measurement: MeasurementName,
        period: PeriodText = "P30D/..",
        by: By = LOCATION,
        grain: Literal["1h", "1d", "1w", "1M", "all"] = "all",
    ) -> Response:
        """One measurement by location, floor or another type of places: mean of all readings (or,
        if it is additive, their sum), lowest and highest value, and number of hours. One row for
        each place, or for each place and window. The first and the last window have only the
        hours of the period.
        """
        published = seen.of_building(building_id)
        shown = period_of(published, building_id, period)
        _check(published, building_id, measurement, by, grain, shown)
        own = published.measurements[measurement]
        return answer(
            request,
            published,
            lambda: {
                "timezone": published.zone(building_id).key,
                "datetime": shown.to_json(published.zone(building_id)),
                "measurement": measurement,
                "unit": own["unit"],
                "by": by.lower(),
                "grain": grain,
                "rows": _rows(reader, published, building_id, own, shown, by.lower(), grain),
            },
        )

    return router


def _check(
    published: Published, building_id: str, measurement: str, by: str, grain: str, period: Period
) -> None:
    """Raise Problem if there is no such measurement (404) or type, or too many rows (422)."""
    measured = {row["measurement"] for row in published.series[building_id].values()}
    if measurement not in measured:
        raise not_found(f"measurement {measurement[:80]!r} in {building_id}")
    if by.lower() not in (types := types_of(published, building_id)):
        raise Problem(422, f"{by[:40]!r} is unknown; supported: {', '.join(types)}", "by")
    places, _ = places_by(published, building_id, by.lower())
    covered = covered_part(published, building_id, period)
    seconds = (covered.stop - covered.start).total_seconds()
    windows = 1 if grain == "all" else math.ceil(seconds / GRAINS[grain][1]) + 1
    if windows * len(places) > MOST_POINTS:
        said = (
            f"there are more than {MOST_POINTS} rows; ask for a coarser grain or a shorter period"
        )
        raise Problem(422, said, "grain")


def _rows(
    reader: Reader,
    published: Published,
    building_id: str,
    measurement: dict[str, Any],
    period: Period,
    by: str,
    grain: str,
) -> list[dict[str, Any]]:
    """The pooled hours, by place and window; `t` is the beginning of a window."""
    places, numbers = places_by(published, building_id, by)
    given = {
        "table": str(published.path / file_of("agg_hourly")),
        "building": building_id,
        "measurement": measurement["measurement"],
        "start": period.start,
        "stop": period.stop,
        "zone": published.zone(building_id).key,
        "window": WINDOWS[grain],
        "places": [{LOCATION: name, "place": number} for name, number in numbers.items()],
    }
    left_out = {"mean" if measurement["aggregation"] == "additive" else "sum", "place"}
    if grain == "all":
        left_out.add("t")
    return [
        places[row["place"]] | {name: row[name] for name in row if name not in left_out}
        for row in (reader.rows("aggregates", given) if numbers else [])
    ]
