"""The seed rows that facts are made by, as Parquet tables of the plan: see macros/facts.sql."""

from collections.abc import Collection
from datetime import date
from typing import Any

import pyarrow as pa

from include.core import files
from include.registry import Run
from include.registry.fact_rows import Tariff, conversion_to
from include.registry.units import conversion

FACT_COLUMNS = pa.schema(
    [
        *(
            (name, pa.string())
            for name in ("building_id", "fact", "column", "measurement", "unit", "kind", "amount")
        ),
        *((name, pa.float64()) for name in ("scale", "offset", "amount_scale")),
        ("sensors", pa.list_(pa.string())),
    ]
)
TARIFFS = pa.schema(
    [
        *((name, pa.string()) for name in ("building_id", "provider")),
        *((name, pa.date32()) for name in ("valid_from", "valid_to")),
        ("weekdays", pa.list_(pa.int64())),
        *((name, pa.int64()) for name in ("from_minute", "to_minute")),
        ("chf_per_kwh", pa.float64()),
    ]
)


def write_fact_rows(run: Run, buildings: Collection[str]) -> None:
    """Write what feeds the facts, with the conversion to the column's unit, and the tariffs."""
    registry, folder = run.registry.of_all, run.settings.paths.plan
    measurements = {row.measurement: row for row in registry.measurements}
    feeding = []
    for row in registry.fact_columns:
        if row.building_id not in buildings:
            continue
        measurement = measurements[row.measurement]
        scale, offset = conversion_to(row, measurement)
        amount = measurements.get(measurement.amount)
        feeding.append(
            {
                **row.model_dump(exclude={"line"}),
                "unit": row.unit,
                "kind": measurement.kind,
                "amount": measurement.amount or None,
                "scale": scale,
                "offset": offset,
                "amount_scale": conversion(amount.unit, row.unit).scale
                if amount and row.column == "energy_kwh"
                else None,
                "sensors": list(row.sensors) or None,
            }
        )
    table = pa.Table.from_pylist(feeding, schema=FACT_COLUMNS)
    files.write_parquet(folder / "fact_columns.parquet", table)
    tariffs = [tariff_row(row) for row in registry.tariffs if row.building_id in buildings]
    table = pa.Table.from_pylist(tariffs, schema=TARIFFS)
    files.write_parquet(folder / "tariffs.parquet", table)


def tariff_row(row: Tariff) -> dict[str, Any]:
    """A row of TARIFFS; open ends are far dates."""
    return {
        **row.model_dump(include={"building_id", "provider", "valid_from", "chf_per_kwh"}),
        "valid_to": row.valid_to or date.max,
        "weekdays": row.days,
        "from_minute": row.minutes[0],
        "to_minute": row.minutes[1],
    }
