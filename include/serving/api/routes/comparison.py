"""A period beside an earlier one, and the hours of the day."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from include.serving.api.answers import (
    PROBLEMS,
    BuildingId,
    Grain,
    MaxPoints,
    PeriodText,
    SeriesId,
    SeriesIds,
    answer,
    chosen_series,
    period_of,
)
from include.serving.api.catalogue import View
from include.serving.api.errors import Problem
from include.serving.api.periods import earlier
from include.serving.api.values import Reader, choose_view, profile_of, values_of

MOST_DAYS = 400  # of a heat map by date
Length = Annotated[
    str, Query(max_length=10, description="how long before: P1Y, P1M, P7D", examples=["P1Y"])
]


def routes(who: Callable[..., View], reader: Reader) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    router = APIRouter(tags=["data"], responses=PROBLEMS)

    @router.get("/buildings/{building_id}/comparison", operation_id="get_comparison")
    def comparison(
        seen: Seen,
        request: Request,
        building_id: BuildingId,
        series: SeriesIds,
        period: PeriodText = "last-month",
        before: Length = "P1Y",
        grain: Grain = "auto",
        max_points: MaxPoints = 2000,
    ) -> Response:
        """The values of a period, and of the same one on the calendar some time before."""
        published = seen.of_building(building_id)
        chosen = chosen_series(published, building_id, series)
        shown, zone = period_of(published, building_id, period), published.zone(building_id)
        view = choose_view(shown, shown, grain, max_points)
        periods = (shown, earlier(shown, before, zone))
        return answer(
            request,
            published,
            lambda: {
                "timezone": zone.key,
                "grain": view.grain,
                "downsampled": {"bucket_s": view.step} if view.is_pooled else None,
                "periods": [
                    {
                        "datetime": one.to_json(zone),
                        "series": [values_of(reader, published, row, one, view) for row in chosen],
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
        (row,) = chosen_series(published, building_id, series)
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
