"""KPIs of apartments."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from include.contract.kpis import By, Kpi, query_of_kpis, together
from include.serving.api.answers import PROBLEMS, answer
from include.serving.api.catalogue import Published, View
from include.serving.api.errors import Problem, not_found
from include.serving.api.selection import MOST_POINTS, BuildingId, PeriodText, period_of
from include.serving.api.values import Reader

MOST_DAYS = 800

Names = Annotated[
    str, Query(max_length=2000, description="names of KPIs, joined by commas; empty: all")
]
ByText = Annotated[
    str,
    Query(
        max_length=100,
        description=f"what each row is of, joined by commas: {', '.join(get_args(By))}",
        examples=["apartment,local_date"],
    ),
]


def routes(who: Callable[..., View], reader: Reader) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    router = APIRouter(tags=["data"], responses=PROBLEMS)

    @router.get("/buildings/{building_id}/kpis", operation_id="get_kpis")
    def figures(
        seen: Seen,
        request: Request,
        building_id: BuildingId,
        period: PeriodText = "P30D/..",
        by: ByText = "apartment",
        kpi: Names = "",
    ) -> Response:
        """KPIs of a building's apartments over the local days that lie in a period, and are over:
        energy, cost, comfort, presence, health of the devices. `kpis` says what each one is.
        """
        published = seen.of_building(building_id)
        shown = period_of(published, building_id, period)
        groups = _groups(by)
        chosen = _chosen(published, building_id, kpi)
        first, stop = shown.whole_days(published.zone(building_id))
        if (stop - first).days > MOST_DAYS:
            raise Problem(422, f"KPIs have at most {MOST_DAYS} days", "datetime")
        labels = seen.registry.labels_of("kpi")["kpi"]
        return answer(
            request,
            published,
            lambda: {
                "timezone": published.zone(building_id).key,
                "datetime": shown.to_json(published.zone(building_id)),
                "by": groups,
                "kpis": [_described(one) | {"labels": labels.get(one.name, {})} for one in chosen],
                "rows": _rows(reader, published, building_id, groups, chosen, (first, stop)),
            },
        )

    return router


def _groups(text: str) -> list[str]:
    """Raises Problem: 422."""
    groups = list(dict.fromkeys(filter(None, text.split(","))))
    unknown = [name for name in groups if name not in get_args(By)]
    if unknown or not groups:
        said = f"supported are: {', '.join(get_args(By))}"
        raise Problem(422, f"{unknown[0][:40]!r} is unknown; {said}" if unknown else said, "by")
    return groups


def _chosen(published: Published, building_id: str, text: str) -> list[Kpi]:
    """Those that were named, or all. Raises Problem: 404, one was named that is not there."""
    there = {one.name: one for one in published.kpis[building_id]}
    named = list(filter(None, text.split(",")))
    if unknown := [name for name in named if name not in there]:
        raise not_found(f"KPI {unknown[0][:80]!r} of {building_id}")
    return [one for name, one in there.items() if not named or name in named]


def _described(one: Kpi) -> dict[str, Any]:
    table = one.table or one.operands[0].table
    return {
        "name": one.name,
        "unit": one.unit,
        "table": table,
        "description": one.description,
    }


def _rows(
    reader: Reader,
    published: Published,
    building_id: str,
    groups: list[str],
    chosen: list[Kpi],
    days: tuple[date, date],
) -> list[dict[str, Any]]:
    places = sorted({row["location"] for row in published.series[building_id].values()})
    where = (
        "facts.building_id = $building and facts.local_date >= $first and facts.local_date < $stop"
        " and list_contains($places, facts.location)"
    )
    given = {"building": building_id, "first": days[0], "stop": days[1], "places": places}
    # one query for each table and filter: together they need more memory than an answer may have
    rows = []
    for own in together(one for one in chosen if one.tables(groups) <= published.tables):
        tables = own[0].tables(groups)
        paths = {name: str(published.path / f"{name}.parquet") for name in tables}
        named = ", ".join(f"{name} as (from read_parquet(${name}))" for name in sorted(tables))
        asked = query_of_kpis(groups, own, where)
        rows += reader.rows_of(f"with {named} select * from ({asked})", given | paths)
    rows.sort(key=lambda row: [str(row[name]) for name in (*groups, "kpi")])
    if len(rows) > MOST_POINTS:
        raise Problem(422, f"there are more than {MOST_POINTS} rows; ask for fewer days", "by")
    return rows
