"""Values of series: over a period, the last ones, and the raw lines that a value comes from."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet as pq
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from include.serving.api.answers import PROBLEMS, answer
from include.serving.api.catalogue import View
from include.serving.api.selection import BuildingId, Selection, selection
from include.serving.api.values import Reader, Resolution, last_hours, resolution, values_of


def routes(who: Callable[..., View], reader: Reader) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    Asked = Annotated[Selection, Depends(selection(who))]  # noqa: N806  # a type
    router = APIRouter(tags=["data"], responses=PROBLEMS)

    @router.get("/buildings/{building_id}/data", operation_id="get_data")
    def data(asked: Asked, request: Request) -> Response:
        """Values of some series: hours in equal steps (several pooled where there are more than
        `max_points`), or days, weeks or months of the building's calendar.
        """
        published = asked.published
        building = published.buildings[asked.building_id]
        shown = resolution(asked.covered, asked.grain, asked.max_points)
        return answer(
            request,
            published,
            lambda: {
                "timezone": building["timezone"],
                "licence": building["licence"],
                "datetime": asked.period.to_json(published.zone(asked.building_id)),
                "grain": shown.grain,
                "downsampled": shown.downsampled,
                "series": _values(reader, asked, shown),
            },
        )

    @router.get("/buildings/{building_id}/data.{suffix}", operation_id="download_data")
    def download(asked: Asked, suffix: Literal["csv", "parquet"]) -> Response:
        """The same view as a table: one row for each value, none for gaps."""
        shown = resolution(asked.covered, asked.grain, asked.max_points)
        zone = asked.published.zone(asked.building_id).key
        table = pa.concat_tables(
            _table(values, row, zone)
            for values, row in zip(_values(reader, asked, shown), asked.series, strict=True)
        )
        sink = pa.BufferOutputStream()
        if suffix == "csv":
            pyarrow.csv.write_csv(table, sink)
        else:
            pq.write_table(table, sink, compression="zstd")
        name = f"{asked.building_id}-{asked.published.release.version}.{suffix}"
        return Response(
            sink.getvalue().to_pybytes(),
            media_type="text/csv" if suffix == "csv" else "application/vnd.apache.parquet",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @router.get("/buildings/{building_id}/latest", operation_id="get_latest")
    def latest(seen: Seen, request: Request, building_id: BuildingId) -> Response:
        """The last hour of every series that had one in the last month, and how old it is."""
        published = seen.of_building(building_id)

        def found() -> dict[str, Any]:
            ids = {
                (row["source"], row["location"], row["measurement"]): row["id"]
                for row in published.series[building_id].values()
            }
            rows = last_hours(reader, published, building_id)
            for row in rows:
                moment = row["timestamp"]
                row["id"] = ids[row["source"], row["location"], row["measurement"]]
                row["age_s"] = int((published.release.as_of - moment).total_seconds())
            return {"latest": rows}

        return answer(request, published, found)

    return router


def _values(reader: Reader, asked: Selection, shown: Resolution) -> list[dict[str, Any]]:
    """Steps begin where there may be values; days, weeks and months begin in the whole period."""
    period = asked.period if shown.step is None else asked.covered
    return [values_of(reader, asked.published, row, period, shown) for row in asked.series]


def _table(values: dict[str, Any], series: dict[str, Any], zone: str) -> pa.Table:
    """The values of a series as rows, without its gaps."""
    own = pa.array(values["sum" if "sum" in values else "mean"], pa.float64(), from_pandas=True)
    if "t" in values:
        seconds = pa.array(values["t"], pa.int64())
    else:
        start, step = values["start"], values["step"]
        seconds = pa.array(range(start, start + step * len(own), step), pa.int64())
    moments = seconds.cast(pa.timestamp("s", tz="UTC"))
    texts = {name: series[name] for name in ("source", "location", "measurement")}
    nothing = pa.nulls(len(own), pa.float64())
    columns = {
        "timestamp": moments,
        "local_time": pa.compute.strftime(
            moments.cast(pa.timestamp("s", tz=zone)), "%Y-%m-%dT%H:%M:%S%z"
        ),
        **{
            name: pa.array([text] * len(own), pa.string())
            for name, text in (texts | {"unit": values["unit"]}).items()
        },
        "mean": nothing if "sum" in values else own,
        "sum": own if "sum" in values else nothing,
    }
    for name in ("min", "max"):
        found = values[name]
        columns[name] = own if found is None else pa.array(found, pa.float64(), from_pandas=True)
    counts = pa.array(
        np.ones(len(own)) if values["count"] is None else values["count"], from_pandas=True
    )
    columns["count"] = counts.cast(pa.int64())
    return pa.table(columns).filter(own.is_valid())
