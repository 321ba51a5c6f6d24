"""What most requests ask for: some series over a period, in some resolution."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from fastapi import Path as InPath

from include.serving.api.catalogue import Published, View
from include.serving.api.errors import Problem, not_found
from include.serving.api.periods import Period, read_period

MOST_SERIES = 20  # of a request
MOST_POINTS = 20_000

BuildingId = Annotated[str, InPath(max_length=100, description="a building's id", examples=["sm2"])]
SeriesId = Annotated[
    str,
    Query(max_length=400, description="a series", examples=["ThermoPro~1NP-S1~temp_indoor"]),
]
SeriesIds = Annotated[
    str,
    Query(
        max_length=4000,
        description=f"ids of series, joined by commas; at most {MOST_SERIES}",
        examples=["ThermoPro~1NP-S1~temp_indoor"],
    ),
]
PeriodText = Annotated[
    str,
    Query(
        alias="datetime",
        max_length=100,
        description="start/end, half open, on the building's clock; or last-month, P30D/..",
        examples=["2026-01-01/2026-02-01"],
    ),
]
Grain = Literal["auto", "1h", "1d", "1w", "1M"]
MaxPoints = Annotated[
    int, Query(ge=1, le=MOST_POINTS, description="the most values of a series", examples=[2000])
]


@dataclass(frozen=True)
class Selection:
    """Some series of a building over a period, and how many values of each may be shown."""

    published: Published
    building_id: str
    series: list[dict[str, Any]]
    period: Period
    grain: Grain
    max_points: int

    @property
    def covered(self) -> Period:
        """The part of the period of which there may be values."""
        return covered_part(self.published, self.building_id, self.period)


def selection(who: Callable[..., View]) -> Callable[..., Selection]:
    """The dependency that reads the parameters of a request. It raises Problem: 404 or 422."""

    def select(
        seen: Annotated[View, Depends(who)],
        building_id: BuildingId,
        series: SeriesIds,
        period: PeriodText = "P30D/..",
        grain: Grain = "auto",
        max_points: MaxPoints = 2000,
    ) -> Selection:
        published = seen.of_building(building_id)
        return Selection(
            published,
            building_id,
            chosen_series(published, building_id, series.split(",")),
            period_of(published, building_id, period),
            grain,
            max_points,
        )

    return select


def chosen_series(published: Published, building_id: str, ids: list[str]) -> list[dict[str, Any]]:
    """The series of these ids, each once. Raises Problem: 404, or 422 if there are too many."""
    names = list(dict.fromkeys(filter(None, ids)))
    if not 1 <= len(names) <= MOST_SERIES:
        raise Problem(422, f"name 1 to {MOST_SERIES} series", "series")
    known = published.series[building_id]
    for name in names:
        if name not in known:
            raise not_found(f"series {name[:200]!r} in {building_id}")
    return [known[name] for name in names]


def period_of(published: Published, building_id: str, text: str) -> Period:
    """The period that a request means. Raises Problem: 422."""
    first, as_of = published.covered(building_id).start, published.release.as_of
    return read_period(text, published.zone(building_id), first, as_of)


def covered_part(published: Published, building_id: str, period: Period) -> Period:
    """The part of a period of which a building may have values; the period itself if that is
    nothing.
    """
    all_of_it = published.covered(building_id)
    start = max(period.start, all_of_it.start)
    stop = min(period.stop, all_of_it.stop)
    return Period(start, stop) if start < stop else period
