"""What is expected of series in the next hours, and what came of the last forecasts."""

from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from include.contract.tables import file_of
from include.core.settings import Settings
from include.forecasting.publish import issue_of, latest_forecast
from include.serving.api.answers import PROBLEMS, answer
from include.serving.api.catalogue import Published, View
from include.serving.api.errors import not_found
from include.serving.api.selection import BuildingId, SeriesIds, chosen_series
from include.serving.api.values import Reader

NAMES = ("source", "location", "measurement")
OF_AN_HOUR = ("t", "horizon", "model", "value", "lower_80", "upper_80", "lower_95", "upper_95")
HOURS = {
    "expected": (*OF_AN_HOUR, "baseline", "baseline_value"),
    "held": (*OF_AN_HOUR, "actual"),
}
Series = tuple[str, ...]  # source, location, measurement
Rows = list[dict[str, Any]]


def routes(who: Callable[..., View], reader: Reader, settings: Settings) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    router = APIRouter(tags=["data"], responses=PROBLEMS)

    @router.get("/buildings/{building_id}/forecast", operation_id="get_forecast")
    def forecast(
        seen: Seen, request: Request, building_id: BuildingId, series: SeriesIds
    ) -> Response:
        """The last forecast of some series: what is `expected` hour by hour, with intervals and the
        better baseline; of the last week what was expected beside what came (`held`); and how far
        each method was off (`quality`). Series without a forecast are left out.
        """
        published = seen.of_building(building_id)
        chosen = chosen_series(published, building_id, series.split(","))
        folder = latest_forecast(settings, building_id)
        if folder is None:
            raise not_found(f"forecast of {building_id}")
        return answer(
            request,
            published,
            lambda: {
                "forecast": folder.name,
                "issue_time": datetime.fromisoformat(issue_of(folder.name)),
                "series": _series(reader, published, folder, chosen),
            },
            made_from=folder.name,
        )

    return router


def _series(
    reader: Reader, published: Published, folder: Path, chosen: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """A forecast of each series that has one."""
    expected, quality, held = (
        str(folder / file_of(name))
        for name in ("fact_prediction", "forecast_quality", "forecast_held")
    )
    asked = {f"{name}s": [row[name] for row in chosen] for name in ("location", "measurement")}
    hours = _by_series(reader.rows("forecast", asked | {"expected": expected, "held": held}))
    compared = _by_series(reader.rows("forecast_quality", asked | {"quality": quality}))
    return [
        {
            "id": row["id"],
            "unit": published.measurements[row["measurement"]]["unit"],
            **{kind: _columns(own, kind) for kind in HOURS},
            "quality": [
                {name: value for name, value in one.items() if name not in NAMES}
                for one in compared.get(_name(row), [])
            ],
        }
        for row in chosen
        if (own := hours.get(_name(row)))
    ]


def _name(row: dict[str, Any]) -> Series:
    return tuple(row[name] for name in NAMES)


def _by_series(rows: Rows) -> dict[Series, Rows]:
    return {name: list(own) for name, own in groupby(sorted(rows, key=_name), key=_name)}


def _columns(rows: Rows, kind: str) -> dict[str, list[Any]]:
    """The hours of a kind as arrays."""
    own = [row for row in rows if row["kind"] == kind]
    return {name: [row[name] for row in own] for name in HOURS[kind]}
