"""What all routes share: answers as JSON with an ETag, and parameters with their limits."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
import orjson
from fastapi import Path as InPath
from fastapi import Query, Request
from fastapi.responses import Response

from include.core.version import code_version
from include.serving.api.catalogue import Published
from include.serving.api.errors import MEDIA_TYPE, Problem, not_found
from include.serving.api.periods import Period, read_period

MOST_SERIES = 20  # of a request
MOST_POINTS = 20_000

Grain = Literal["auto", "1h", "1d", "1w", "1M"]
MaxPoints = Annotated[
    int, Query(ge=1, le=MOST_POINTS, description="the most values of a series", examples=[2000])
]
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
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {}}}
    for status, text in (
        (401, "not logged in"),
        (404, "it is not there, or not for you"),
        (414, "the query is too long"),
        (422, "a parameter is invalid"),
        (503, "the release cannot be read, or not in time"),
    )
}


def to_json(content: Any) -> bytes:
    """JSON; arrays of numpy are lists, and nan is null. Doubles are exact."""
    return orjson.dumps(content, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):  # with gaps between its items in memory
        return np.ascontiguousarray(value)
    raise TypeError(f"{type(value)} has no JSON")


def answer(request: Request, published: Published, make: Callable[[], Any]) -> Response:
    """What `make` gives, as JSON: a function of the release, its time and the query alone.

    304 without calling it if the reader has it.
    """
    made_from = f"{published.release.version} {published.release.as_of} {code_version()}"
    asked = f"{made_from} {request.url.path}?{request.url.query}"
    etag = f'W/"{hashlib.sha256(asked.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=0, must-revalidate"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(to_json(published.heads | make()), 200, headers, "application/json")


def chosen_series(published: Published, building_id: str, text: str) -> list[dict[str, Any]]:
    """The series that a request names. Raises Problem: 404, or 422 if it names none or too many."""
    names = list(dict.fromkeys(name for name in text.split(",") if name))
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
