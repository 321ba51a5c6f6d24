"""A period beside an earlier one, and the hours of the day."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from include.serving.api.answers import PROBLEMS, answer
from include.serving.api.catalogue import View
from include.serving.api.errors import Problem
from include.serving.api.periods import earlier
from include.serving.api.selection import (
    BuildingId,
    PeriodText,
    Selection,
    SeriesId,
    chosen_series,
    period_of,
    selection,
)
from include.serving.api.values import Reader, profile_of, resolution, values_of

MOST_DAYS = 400  # of a heat map by date
Length = Annotated[
    str, Query(max_length=10, description="how long before: P1Y, P1M, P7D", examples=["P1Y"])
]


def routes(who: Callable[..., View], reader: Reader) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    Asked = Annotated[Selection, Depends(selection(who))]  # noqa: N806  # a type
    router = APIRouter(tags=["data"], responses=PROBLEMS)

    @router.get("/buildings/{building_id}/comparison", operation_id="get_comparison")
    def comparison(asked: Asked, request: Request, before: Length = "P1Y") -> Response:
        """The values of a period, and of the same one on the calendar some time before."""
        published, zone = asked.published, asked.published.zone(asked.building_id)
        periods = (asked.period, earlier(asked.period, before, zone))
        longer = max(periods, key=lambda one: one.stop - one.start)
        shown = resolution(longer, asked.grain, asked.max_points)
        return answer(
            request,
            published,
            lambda: {
                "timezone": zone.key,
                "grain": shown.grain,
                "downsampled": shown.downsampled,
                "periods": [
                    {
                        "datetime": one.to_json(zone),
                        "series": [
                            values_of(reader, published, row, one, shown) for row in asked.series
                        ],
                    }
                    for one in periods
                ],
            },
        )

    @router.get("/buildings/{building_id}/profile", operation_id="get_profile")
    def profile(
        seen: Seen,
        request: Request,
        building_id: BuildingId,
        series: SeriesId,
        period: PeriodText = "last-month",
        by: Literal["date", "weekday"] = "weekday",
    ) -> Response:
        """Hours of the day by date or weekday (1: Monday), on the building's clock: a heat map."""
        published = seen.of_building(building_id)
        (row,) = chosen_series(published, building_id, [series])
        shown = period_of(published, building_id, period)
        if by == "date" and (shown.stop - shown.start).days > MOST_DAYS:
            raise Problem(422, f"a heat map by date has at most {MOST_DAYS} days", "datetime")
        return answer(
            request,
            published,
            lambda: {
                "timezone": published.zone(building_id).key,
                "datetime": shown.to_json(published.zone(building_id)),
                "by": by,
                "unit": published.measurements[row["measurement"]]["unit"],
                "cells": profile_of(reader, published, row, shown, by),
            },
        )

    return router
