"""Values of series: over a period, the last ones, and the raw lines that a value comes from."""

import fnmatch
import re
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
from include.serving.api.errors import MEDIA_TYPE, Problem
from include.serving.api.selection import BuildingId, Selection, selection
from include.serving.api.values import Reader, Resolution, last_hours, resolution, values_of

MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
OF_DATA: dict[int | str, dict[str, Any]] = {
    200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}
}
TABLES: dict[int | str, dict[str, Any]] = {
    200: {"content": {name: {} for key, name in MEDIA_TYPES.items() if key != "json"}}
}
NOT_ACCEPTABLE: dict[int | str, dict[str, Any]] = {
    406: {"description": "`Accept` names no format of this answer", "content": {MEDIA_TYPE: {}}}
}


def routes(who: Callable[..., View], reader: Reader) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    Asked = Annotated[Selection, Depends(selection(who))]  # noqa: N806  # a type
    router = APIRouter(tags=["data"], responses=PROBLEMS)

    @router.get(
        "/buildings/{building_id}/data", operation_id="get_data", responses=OF_DATA | NOT_ACCEPTABLE
    )
    def data(asked: Asked, request: Request) -> Response:
        """Values of some series: hours in equal steps (several pooled where there are more than
        `max_points`), or days, weeks or months of the building's calendar. The header `Accept`
        may ask for a table instead of JSON.
        """
        if (suffix := accepted(request.headers.get("accept", ""))) != "json":
            return _download(reader, asked, suffix)
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

    @router.get(
        "/buildings/{building_id}/data.{suffix}",
        operation_id="download_data",
        response_class=Response,
        responses=TABLES,
    )
    def download(asked: Asked, suffix: Literal["csv", "parquet", "arrow"]) -> Response:
        """The same view as a table: one row for each value, none for gaps."""
        return _download(reader, asked, suffix)

    @router.get("/buildings/{building_id}/latest", operation_id="get_latest")
    def latest(seen: Seen, request: Request, building_id: BuildingId) -> Response:
        """The last hour of every series that had one in the last month, and how old it is."""
        published = seen.of_building(building_id)

        def found() -> dict[str, Any]:
            ids = {
                (row["source"], row["location"], row["measurement"]): row["id"]
                for row in published.series[building_id].values()
            }
            rows = [
                row | {"id": ids[name]}
                for row in last_hours(reader, published, building_id)
                if (name := (row["source"], row["location"], row["measurement"])) in ids
            ]
            for row in rows:
                row["age_s"] = int((published.release.as_of - row["timestamp"]).total_seconds())
            return {"latest": rows}

        return answer(request, published, found)

    return router


def accepted(header: str) -> str:
    """The format that a header `Accept` prefers. Raises Problem: 406."""
    wanted: list[tuple[float, str]] = []
    for entry in header.split(",") if header.strip() else ["*/*"]:
        media_type, _, parameters = entry.partition(";")
        weight = re.search(r"(?:^|;)\s*q=([01](?:\.\d{0,3})?)\s*(?:;|$)", parameters)
        wanted.append((-float(weight[1]) if weight else -1.0, media_type.strip().lower()))
    for weight_below_zero, pattern in sorted(wanted, key=lambda one: one[0]):
        for suffix, media_type in MEDIA_TYPES.items():
            if weight_below_zero and fnmatch.fnmatchcase(media_type, pattern):
                return suffix
    raise Problem(406, f"supported are: {', '.join(MEDIA_TYPES.values())}")


def _download(reader: Reader, asked: Selection, suffix: str) -> Response:
    """A view as a file."""
    shown = resolution(asked.covered, asked.grain, asked.max_points)
    zone = asked.published.zone(asked.building_id).key
    table = pa.concat_tables(
        _table(values, row, zone)
        for values, row in zip(_values(reader, asked, shown), asked.series, strict=True)
    )
    sink = pa.BufferOutputStream()
    if suffix == "csv":
        pyarrow.csv.write_csv(table, sink)
    elif suffix == "parquet":
        pq.write_table(table, sink, compression="zstd")
    else:
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    name = f"{asked.building_id}-{asked.published.release.version}.{suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept"}
    return Response(sink.getvalue().to_pybytes(), 200, headers, MEDIA_TYPES[suffix])


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
