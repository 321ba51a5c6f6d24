"""The health of a building's data: incidents, freshness, completeness, refused files, and what
became of every cell.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

import pyarrow.compute as pc
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from include.contract.tables import file_of
from include.core.settings import Settings
from include.ledger.ledger import Ledger
from include.monitoring.causes import Cause
from include.monitoring.health import read_all_health, read_look
from include.serving.api.answers import PROBLEMS, answer
from include.serving.api.catalogue import Published, View
from include.serving.api.errors import Problem
from include.serving.api.pages import Cursor, Limit, page
from include.serving.api.periods import Period
from include.serving.api.selection import (
    BuildingId,
    PeriodText,
    chosen_series,
    period_of,
)
from include.serving.api.values import Reader
from include.store.readings import read_accounting, totals

MOST_DAYS = 400
SHOWN = (
    "id",
    "check",
    "severity",
    "status",
    "since",
    "until",
    "found",
    "resolved",
    "sources",
    "sensors",
    "locations",
    "measurements",
    "message",
    "evidence",
    "silenced_by",
)

IsOpen = Annotated[
    bool | None, Query(alias="open", description="only open incidents, or only resolved ones")
]
SomeSeries = Annotated[
    str,
    Query(
        max_length=4000,
        description="ids of series, joined by commas; empty: all",
        examples=["ThermoPro~1NP-S1~temp_indoor"],
    ),
]
SomePeriod = Annotated[
    str,
    Query(
        alias="datetime",
        max_length=100,
        description="start/end, half open, on the building's clock; empty: at any time",
        examples=["2026-01-01/2026-02-01"],
    ),
]


def routes(who: Callable[..., View], reader: Reader, settings: Settings) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    router = APIRouter(tags=["health"], responses=PROBLEMS)

    @router.get("/buildings/{building_id}/health/findings", operation_id="list_findings")
    def findings(
        seen: Seen,
        request: Request,
        building_id: BuildingId,
        is_open: IsOpen = None,
        series: SomeSeries = "",
        period: SomePeriod = "",
        limit: Limit = 200,
        cursor: Cursor = "",
    ) -> dict[str, Any]:
        """The incidents of a building as of the last run of `monitor_quality`, open ones first;
        of some series, or of those that lasted into a period.
        """
        published = seen.of_building(building_id, whole=True)
        chosen = chosen_series(published, building_id, series.split(",")) if series else []
        wanted = period_of(published, building_id, period) if period else None
        rows = [
            finding(cause)
            for cause in read_all_health(settings)  # whoever may read the building may read all
            if cause.building_id == building_id
            and is_open in (None, cause.is_open)
            and (not chosen or any(_concerns(cause, row) for row in chosen))
            and (wanted is None or _lasted_into(cause, wanted))
        ]
        look = read_look(settings)
        heads = published.heads | {"look": look and look.to_json()}
        return heads | page(request, "findings", rows, "id", limit, cursor)

    @router.get("/buildings/{building_id}/health/freshness", operation_id="get_freshness")
    def freshness(seen: Seen, request: Request, building_id: BuildingId) -> Response:
        """The last hour of every series, and its age in seconds at the time of the release."""
        published = seen.of_building(building_id)
        return answer(
            request,
            published,
            lambda: {
                "freshness": [
                    _freshness(row, published.release.as_of)
                    for row in published.series[building_id].values()
                ]
            },
        )

    @router.get("/buildings/{building_id}/health/completeness", operation_id="get_completeness")
    def completeness(
        seen: Seen, request: Request, building_id: BuildingId, period: PeriodText = "P30D/.."
    ) -> Response:
        """How many hours each series has of each local day that is over, beside the hours of the
        day itself: 24, or 23 and 25 when the clock changes.
        """
        published = seen.of_building(building_id)
        shown = period_of(published, building_id, period)
        first, stop = _days(published, building_id, shown)
        if (stop - first).days > MOST_DAYS:
            raise Problem(422, f"completeness has at most {MOST_DAYS} days", "datetime")
        return answer(
            request,
            published,
            lambda: {
                "timezone": published.zone(building_id).key,
                "datetime": shown.to_json(published.zone(building_id)),
                **_completeness(reader, published, building_id, first, stop),
            },
        )

    @router.get("/buildings/{building_id}/health/quarantine", operation_id="list_quarantine")
    def quarantine(
        seen: Seen,
        request: Request,
        building_id: BuildingId,
        limit: Limit = 200,
        cursor: Cursor = "",
    ) -> dict[str, Any]:
        """The refused files of a building, with the reasons."""
        published = seen.of_building(building_id, whole=True)
        rows = [
            {
                "number": version.number,
                "path": version.path,
                "datasource_id": version.datasource_id,
                "first_seen": version.first_seen,
                "reasons": version.reasons,
            }
            for version in Ledger.read(settings.paths, building_id).refused()
        ]
        return published.heads | page(request, "quarantine", rows, "number", limit, cursor)

    @router.get("/buildings/{building_id}/health/accounting", operation_id="get_accounting")
    def accounting(seen: Seen, building_id: BuildingId) -> dict[str, Any]:
        """What became of every cell of a building's files: cells = readings + nulls + unmapped +
        ignored + unparsable, and readings = kept + duplicates + superseded.
        """
        published = seen.of_building(building_id, whole=True)
        rows = read_accounting(settings)
        own = rows.filter(pc.equal(rows["building_id"], building_id))
        return published.heads | {"accounting": totals(own)}

    return router


def finding(cause: Cause) -> dict[str, Any]:
    """An incident as the API has it."""
    return {
        **{name: getattr(cause, name) for name in SHOWN},
        "title": cause.message.rpartition(": ")[2],
        "what_to_do": cause.cure,
    }


def _concerns(cause: Cause, series: dict[str, Any]) -> bool:
    """Whether an incident touches a series: where it names nothing, all is meant."""
    touched = {
        "source": cause.sources,
        "location": cause.locations,
        "measurement": cause.measurements,
    }
    return all(not names or series[column] in names for column, names in touched.items())


def _lasted_into(cause: Cause, period: Period) -> bool:
    return cause.since < period.stop and period.start <= cause.until


def _freshness(series: dict[str, Any], as_of: datetime) -> dict[str, Any]:
    names = ("id", "source", "location", "measurement", "last")
    age = as_of - datetime.fromisoformat(series["last"])
    return {name: series[name] for name in names} | {"age_s": int(age.total_seconds())}


def _days(published: Published, building_id: str, period: Period) -> tuple[date, date]:
    """The days that begin in a period, from the first with values on, and are over: half open."""
    zone, covered = published.zone(building_id), published.covered(building_id)
    first, stop = Period(period.start, min(period.stop, covered.stop)).whole_days(zone)
    return max(first, covered.start.astimezone(zone).date()), stop


def _completeness(
    reader: Reader, published: Published, building_id: str, first: date, stop: date
) -> dict[str, Any]:
    """The hours of each series on each of these days."""
    given = {
        "table": str(published.path / file_of("agg_hourly")),
        "building": building_id,
        "zone": published.zone(building_id).key,
        "first": first,
        "stop": stop,
    }
    rows = reader.rows("completeness", given)
    return completeness_of(rows, list(published.series[building_id].values()))


def completeness_of(rows: list[dict[str, Any]], series: list[dict[str, Any]]) -> dict[str, Any]:
    """The rows of completeness.sql as arrays: one item for each day."""
    days = {row["local_date"]: row["hours_of_day"] for row in rows}
    place = {day: number for number, day in enumerate(days)}
    names = ("source", "location", "measurement")
    found = {tuple(row[name] for name in names): [0] * len(days) for row in series}
    for row in rows:
        own = found.get(tuple(row[name] for name in names))
        if own is not None:
            own[place[row["local_date"]]] = row["hours"]
    return {
        "days": [day.isoformat() for day in days],
        "hours_of_day": list(days.values()),
        "series": [
            {"id": row["id"], "hours": found[tuple(row[name] for name in names)]} for row in series
        ],
    }
