"""From a published hour back to the raw lines that it was made of."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from include.core.clock import END_OF_TIME
from include.core.errors import PlatformError
from include.core.settings import Settings
from include.ingest.trace import trace
from include.registry import Run
from include.serving.api.answers import PROBLEMS, answer
from include.serving.api.catalogue import Published, View
from include.serving.api.errors import Problem, not_found
from include.serving.api.periods import read_moment
from include.serving.api.selection import BuildingId, SeriesId, chosen_series
from include.serving.api.values import Reader
from include.store.readings import READINGS
from include.store.store import Store

MOST_TEXTS = 20  # of an answer
WithText = Annotated[bool, Query(description="also the text of the raw lines that are here")]
Moment = Annotated[
    str,
    Query(
        max_length=40,
        description="an instant within the hour; without offset, on the building's clock",
        examples=["2026-01-13T08:00Z"],
    ),
]


def routes(who: Callable[..., View], reader: Reader, settings: Settings) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    router = APIRouter(tags=["lineage"], responses=PROBLEMS)

    @router.get("/buildings/{building_id}/lineage", operation_id="get_lineage")
    def lineage(
        seen: Seen,
        request: Request,
        building_id: BuildingId,
        series: SeriesId,
        at: Moment,
        raw: WithText = False,
    ) -> Response:
        """The readings of an hour, each with the raw file (name and sha256) and the line in it.
        Outliers are listed, and are not in the hour's value.
        """
        published = seen.of_building(building_id, whole=raw)
        (row,) = chosen_series(published, building_id, [series])
        moment = read_moment(at, published.zone(building_id), "at")

        def found() -> dict[str, Any]:
            readings = _readings(reader, published, settings, row, moment)
            if raw:
                run = Run(settings, seen.registry, END_OF_TIME)
                _add_texts(run, building_id, readings["readings"])
            return readings

        return answer(request, published, found)

    return router


def _add_texts(run: Run, building_id: str, readings: list[dict[str, Any]]) -> None:
    """`raw`: the record as it is in the file; null where this machine has no copy of the file, or
    there are more than MOST_TEXTS. A request fetches no file.
    """
    for number, reading in enumerate(readings):
        place = building_id, reading["source_file"], reading["source_line"]
        reading["raw"] = None
        if number < MOST_TEXTS:
            with suppress(PlatformError):
                reading["raw"] = trace(run, *place, fetch=False).text


def _readings(
    reader: Reader, published: Published, settings: Settings, series: dict[str, Any], at: datetime
) -> dict[str, Any]:
    """The readings of a series in the hour of an instant."""
    building_id = series["building_id"]
    start = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    month = building_id, f"{start.astimezone(published.zone(building_id)):%Y-%m}"
    store = Store(settings)
    stored = store.month(month).get(READINGS) if month in store.readings_manifest else None
    if stored is None or not stored.path.exists():
        raise not_found(f"file of readings of {building_id} in {month[1]} on this machine")
    if stored.sha256 != published.history.get(month):
        raise Problem(503, "the readings were built again since; the next release has them")
    given = {name: series[name] for name in ("source", "location", "measurement")}
    given |= {"readings": str(stored.path), "start": start, "stop": start + timedelta(hours=1)}
    readings = reader.rows("lineage", given)
    if not readings:
        raise not_found(f"reading of {series['id']} in the hour of {start.isoformat()}")
    for reading in readings:
        reading |= published.inputs.get((building_id, reading["source_file"]), {})
    return {"datetime": start.isoformat(), "readings": readings}
