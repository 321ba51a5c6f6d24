"""The plan on disk: Parquet tables that list what dbt and the time-series engines build.

They are written and read here alone. `readings.json` is for the task that stores what dbt built.

| table | one row per | read by |
|---|---|---|
| `files.parquet` | accepted file version of a planned month | `macros/plan.sql` |
| `value_columns.parquet` | column of values and row that describes it | `models/0_seeds` |
| `months.parquet` | month of readings to build | `macros/plan.sql` |
| `amount_months.parquet` | the same, of buildings that make amounts | `macros/plan.sql` |
| `fact_months.parquet` | the same, of buildings of which facts are made | `macros/plan.sql` |
| `fact_columns.parquet`, `tariffs.parquet` | row of these seeds | `macros/facts.sql` |
| `carried_names.parquet` | series with a last reading in the store | `macros/amounts.sql` |
| `windows.parquet` | window to aggregate | `macros/plan.sql`, `include/engines` |
| `<seed>.parquet` | row of a seed that is built | `models/0_seeds` |
| `unit_conversions.parquet` | unit that a row names, and measurement | `models/0_seeds` |
| `readings.json` | run | `read_readings_plan` |
"""

import contextlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.core import files
from include.core.calendar import block_seconds, month_start, next_month
from include.core.errors import StorageError
from include.core.settings import Settings
from include.formats.declared import described_by
from include.ledger.ledger import FileVersion, Ledger
from include.planning.facts import write_fact_rows
from include.planning.plan import MonthPlan, WindowPlan, rank, versions_of
from include.registry import Registry, Run
from include.registry.rows import (
    Building,
    Datasource,
    DatasourceMapping,
    Measurement,
    Row,
    SensorMapping,
)
from include.registry.units import Conversion, UnknownUnit, conversion

HANDED_OVER = "readings.json"
LAST_READINGS = "int_last_readings"
_INSTANT = pa.timestamp("us", "UTC")
CARRIED = pa.schema(
    [
        ("timestamp", _INSTANT),
        *((name, pa.string()) for name in ("source", "location", "sensor_id", "measurement")),
        ("value", pa.float64()),
        *((name, pa.int32()) for name in ("source_file", "source_line")),
    ]
)
FILES = pa.schema(
    [
        *((name, pa.int32()) for name in ("number", "precedence")),
        *(
            (name, pa.string())
            for name in ("building_id", "datasource_id", "landed_values", "device", "columns")
        ),
    ]
)
VALUE_COLUMNS = pa.schema(
    [(name, pa.string()) for name in ("datasource_id", "raw_column", "value_column")]
)
CONVERSIONS = pa.schema(
    [
        *((name, pa.string()) for name in ("unit", "measurement")),
        *((name, pa.float64()) for name in Conversion._fields),
    ]
)
MONTHS = pa.schema(
    [
        *((name, pa.string()) for name in ("batch", "building_id", "month", "timezone")),
        *((name, _INSTANT) for name in ("start", "stop")),
        ("block_seconds", pa.int64()),
        ("landed_values", pa.list_(pa.string())),
        ("begun", pa.map_(pa.string(), pa.date32())),
    ]
)
AMOUNT_MONTHS = MONTHS.append(pa.field("carried", pa.string()))
FACT_MONTHS = MONTHS.append(pa.field("amounts", pa.string()))
AMOUNTS = pa.schema(  # what facts read of them
    [
        *((name, pa.string()) for name in ("sensor_id", "measurement", "quality")),
        ("value", pa.float64()),
        *((name, pa.int32()) for name in ("source_file", "source_line")),
    ]
)
WINDOWS = pa.schema(
    [
        *((name, pa.string()) for name in ("batch", "building_id", "timezone")),
        *((name, _INSTANT) for name in ("start", "stop", "labels_start", "labels_stop")),
        ("block_seconds", pa.int64()),
        ("as_of", _INSTANT),
        ("readings", pa.list_(pa.string())),
        ("left_out", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True)
class Window:
    """A row of the plan: one building's consecutive months, half-open in time."""

    batch: str
    building_id: str
    timezone: str
    start: datetime
    stop: datetime
    labels_start: datetime
    labels_stop: datetime
    block_seconds: int
    as_of: datetime
    readings: list[str]
    left_out: list[str]


def planned_windows(settings: Settings) -> list[Window]:
    """The windows that were planned last."""
    return [
        Window(**row) for row in pq.read_table(settings.paths.plan / "windows.parquet").to_pylist()
    ]


@dataclass(frozen=True)
class ReadingsPlan:
    """What a run has planned of readings, for the task that stores them: it does not plan again.

    Attributes:
        months: the months that dbt builds, each with the fingerprint of what it is built from.
        dropped: building and month of the stored months of which no file is in use any more.
        seeds: fingerprint of the seeds that months and dimensions are built from.
        wrong: the buildings that had a wrong row in these seeds.
    """

    months: list[MonthPlan]
    dropped: list[tuple[str, str]]
    seeds: str
    wrong: list[str]


def write_readings_plan(
    run: Run,
    months: list[MonthPlan],
    dropped: Iterable[tuple[str, str]] = (),
    carried: Mapping[str, Path] | None = None,
) -> None:
    """Write which months dbt builds from which files, the seeds, and last what was planned.

    See include/dbt/macros/plan.sql. What an earlier run has planned or built is removed first, so a
    `readings.json` that is there belongs to the tables beside it.

    Args:
        run: whose seeds are built from; the plan can be read by a run of the same time alone.
        months: the months to build.
        dropped: building and month of the stored months to take out.
        carried: by batch the last readings before its month (`int_last_readings`), where there are.
    """
    handed_over = run.settings.paths.plan / HANDED_OVER
    files.remove(handed_over)
    _clear(run.settings.paths.built_readings)
    write_seeds(run)
    involved = rank(versions_of(months))
    rows = [
        _file_row(run.settings, version, precedence) for precedence, version in enumerate(involved)
    ]
    files.write_parquet(
        run.settings.paths.plan / "files.parquet", pa.Table.from_pylist(rows, schema=FILES)
    )
    described = _value_columns(run.registry, involved)
    files.write_parquet(run.settings.paths.plan / "value_columns.parquet", described)
    rows = [_month_row(run.settings, plan) for plan in months]
    files.write_parquet(
        run.settings.paths.plan / "months.parquet", pa.Table.from_pylist(rows, schema=MONTHS)
    )
    _write_amount_months(run, rows, carried or {})
    _write_fact_months(run, rows)
    planned = [
        {
            "building_id": plan.building.building_id,
            "month": plan.month,
            "fingerprint": plan.fingerprint,
            "versions": [version.number for version in plan.versions],
            "begun": {name: day.isoformat() for name, day in plan.begun},
            "before": plan.before,
        }
        for plan in months
    ]
    files.write_sealed(
        handed_over,
        {
            **_owner(run),
            "seeds": run.registry.fingerprint,
            "wrong": sorted(run.registry.of_all.wrong),
            "months": planned,
            "dropped": [list(month) for month in dropped],
        },
    )


def _write_amount_months(
    run: Run, months: list[dict[str, Any]], carried: Mapping[str, Path]
) -> None:
    """Write the months of which amounts are made, each with the file of last readings before it."""
    folder = run.settings.paths.plan
    nothing = folder / "no_readings.parquet"
    no_readings = CARRIED.append(pa.field("quality", pa.string())).empty_table()
    files.write_parquet(nothing, no_readings)
    rows = [
        {**month, "carried": str(carried.get(month["batch"], nothing))}
        for month in months
        if run.registry.makes_amounts(month["building_id"])
    ]
    table = pa.Table.from_pylist(rows, schema=AMOUNT_MONTHS)
    files.write_parquet(folder / "amount_months.parquet", table)
    stored = [path for path in sorted(set(carried.values())) if path.exists()]
    before = (pq.read_table(path, schema=CARRIED) for path in stored)
    names = pa.concat_tables([CARRIED.empty_table(), *before])
    columns = ["source", "location", "sensor_id", "measurement"]
    files.write_parquet(folder / "carried_names.parquet", names.select(columns))


def _write_fact_months(run: Run, months: list[dict[str, Any]]) -> None:
    """Write the months of which facts are made, each with the file of its amounts."""
    folder = run.settings.paths.plan
    no_amounts = folder / "no_amounts.parquet"
    files.write_parquet(no_amounts, AMOUNTS.empty_table())
    rows = [
        {
            **month,
            "amounts": str(
                run.settings.paths.built_file("fct_amounts", month["batch"])
                if run.registry.makes_amounts(month["building_id"])
                else no_amounts
            ),
        }
        for month in months
        if run.registry.makes_facts(month["building_id"])
    ]
    table = pa.Table.from_pylist(rows, schema=FACT_MONTHS)
    files.write_parquet(folder / "fact_months.parquet", table)


def read_readings_plan(run: Run) -> ReadingsPlan:
    """What the run has planned. Where the seeds have changed since, the next run plans again.

    Raises:
        StorageError: there is no whole plan, or a run of another time has made it.
        DamagedFile: it was changed since.
    """
    path = run.settings.paths.plan / HANDED_OVER
    plan = files.read_sealed(path) if path.exists() else {}
    versions = {version.key: version for version in Ledger.read(run.settings.paths).versions}
    planned = {
        (month["building_id"], number)
        for month in plan.get("months", ())
        for number in month["versions"]
    }
    if not _owner(run).items() <= plan.items() or not planned <= versions.keys():
        raise StorageError(
            "the plan of readings is not that of this run",
            where=str(path),
            cure="run refresh again, from its first task",
        )
    months = [
        MonthPlan(
            run.registry.building(month["building_id"]),
            month["month"],
            month["fingerprint"],
            tuple(versions[month["building_id"], number] for number in month["versions"]),
            tuple((name, date.fromisoformat(day)) for name, day in month["begun"].items()),
            month["before"],
        )
        for month in plan["months"]
    ]
    dropped = [(building_id, month) for building_id, month in plan["dropped"]]
    return ReadingsPlan(months, dropped, plan["seeds"], plan["wrong"])


def _owner(run: Run) -> dict[str, Any]:
    """Which runs may store what was planned: a replay's months do not belong into the store."""
    return {"as_of": run.as_of.isoformat(), "replay": run.settings.replay}


def _value_columns(registry: Registry, versions: list[FileVersion]) -> pa.Table:
    """The columns of the files that are described, each with the `value_column` that describes
    it.
    """
    found = {(v.datasource_id, column) for v in versions if v.layout for column in v.layout.columns}
    rows = {
        (datasource_id, column, row.value_column)
        for datasource_id, column in found
        for row in described_by(column, registry.mappings_of(registry.datasource(datasource_id)))
    }
    named = [dict(zip(VALUE_COLUMNS.names, row, strict=True)) for row in sorted(rows)]
    return pa.Table.from_pylist(named, schema=VALUE_COLUMNS)


def write_seeds(run: Run) -> None:
    """Hand dbt the seed rows of the published buildings, as text, empty cells as null.

    See include/dbt/models/0_seeds.

    Rows of a building that has a wrong one stay out: what was made of them before is kept
    (`store_dimensions`). A run of one building writes those of all: dimensions are of all.
    """
    registry = run.registry.of_all
    buildings = {row.building_id for row in registry.built_buildings}
    datasources = {
        row.datasource_id
        for row in registry.datasources
        if row.building_id in buildings and row.status != "removed"
    }
    begun = datasources - {row.datasource_id for row in registry.planned_datasources}
    seeds: dict[str, tuple[type[Row], Iterable[Row]]] = {
        "buildings_config": (
            Building,
            (row for row in registry.buildings if row.building_id in buildings),
        ),
        "datasources_config": (
            Datasource,
            (row for row in registry.datasources if row.datasource_id in datasources),
        ),
        "datasource_mappings": (
            DatasourceMapping,
            (row for row in registry.datasource_mappings if row.datasource_id in begun),
        ),
        "sensor_mappings": (
            SensorMapping,
            (row for row in registry.sensor_mappings if row.datasource_id in begun),
        ),
        "measurements": (Measurement, _measured(registry)),
    }
    for name, (row_type, found) in seeds.items():
        rows = list(found)
        schema = pa.schema(
            [(column, pa.string()) for column in row_type.model_fields if column != "line"]
        )
        cells = [{column: _text(getattr(row, column)) for column in schema.names} for row in rows]
        table = pa.Table.from_pylist(cells, schema=schema)
        if name == "sensor_mappings":
            table = table.append_column("public_location", _public_locations(registry, table))
        if name == "measurements":
            table = table.append_column("amount_scale", _amount_scales(rows))
        files.write_parquet(run.settings.paths.plan / f"{name}.parquet", table)
    write_fact_rows(run, buildings)
    conversions = _conversions(registry)
    files.write_parquet(run.settings.paths.plan / "unit_conversions.parquet", conversions)


def _conversions(registry: Registry) -> pa.Table:
    """How values in the units that rows name become values in those of the measurements."""
    published = {row.measurement: row.unit for row in registry.measurements}
    units = {row.unit for row in registry.datasource_mappings if row.unit}
    units |= {row.unit for row in registry.sensor_mappings if row.unit}
    found = []
    for unit, (measurement, to) in product(sorted(units), sorted(published.items())):
        with contextlib.suppress(UnknownUnit):  # what is used was checked with its row
            found.append(
                {"unit": unit, "measurement": measurement, **conversion(unit, to)._asdict()}
            )
    return pa.Table.from_pylist(found, schema=CONVERSIONS)


def _measured(registry: Registry) -> list[Measurement]:
    """The measurements, but for those that only planned datasources will have."""
    if registry.wrong:  # what is missing may be what uses them
        return list(registry.measurements)
    planned = {row.datasource_id for row in registry.planned_datasources}
    rows = [(row.measurement, row.datasource_id) for row in registry.datasource_mappings]
    rows += [(row.measurement, row.datasource_id) for row in registry.sensor_mappings]
    used = {measurement for measurement, datasource_id in rows if datasource_id not in planned}
    awaited = {measurement for measurement, _ in rows} - used
    awaited |= {row.amount for row in registry.measurements if row.measurement in awaited}
    return [row for row in registry.measurements if row.measurement not in awaited]


def _public_locations(registry: Registry, sensors: pa.Table) -> pa.Array:
    """The published names of the sensors' locations, in the order of the rows; null where there is
    no location.
    """
    building_of = {row.datasource_id: row.building_id for row in registry.datasources}
    names = [
        location and registry.public_location(building_of[datasource_id], location)
        for datasource_id, location in zip(
            sensors["datasource_id"].to_pylist(), sensors["location"].to_pylist(), strict=True
        )
    ]
    return pa.array(names, pa.string())


def _amount_scales(rows: Iterable[Row]) -> pa.Array:
    """The factor from what the readings of a measurement add up to, over seconds, to its amount's
    unit; null where no amount is made.
    """
    measurements = [row for row in rows if isinstance(row, Measurement)]
    units = {row.measurement: row.unit for row in measurements}
    scales = [
        conversion(row.accumulated_unit, units[row.amount]).scale if row.amount in units else None
        for row in measurements
    ]
    return pa.array(scales, pa.float64())


def _text(value: object) -> str | None:
    if isinstance(value, tuple):
        value = ";".join(value)
    return None if value in (None, "") else str(value)


def landed_values(settings: Settings, version: FileVersion) -> Path:
    """Where the values of a file version are landed."""
    return settings.paths.landed_values(
        version.building_id, version.datasource_id, version.sha256, version.path
    )


def write_windows_plan(
    settings: Settings,
    windows: list[WindowPlan],
    inputs: list[list[Path]],
    as_of: datetime,
    left_out: Collection[str] = (),
) -> None:
    """Write which windows the time-series engine aggregates, each from its files of readings and
    amounts, but for the measurements that are `left_out`.
    """
    _clear(settings.paths.built_aggregates)
    rows = [
        {
            "batch": window.batch,
            "building_id": window.building.building_id,
            "timezone": window.building.timezone,
            "start": window.labels_start,
            "stop": window.stop,
            "labels_start": window.labels_start,
            "labels_stop": window.labels_stop,
            "block_seconds": block_seconds(
                window.building.timezone, window.labels_start, window.stop
            ),
            "as_of": as_of,
            "readings": [str(path) for path in readings],
            "left_out": list(left_out),
        }
        for window, readings in zip(windows, inputs, strict=True)
    ]
    files.write_parquet(
        settings.paths.plan / "windows.parquet", pa.Table.from_pylist(rows, schema=WINDOWS)
    )


def _month_row(settings: Settings, plan: MonthPlan) -> dict[str, Any]:
    timezone = plan.building.timezone
    start, stop = month_start(plan.month, timezone), month_start(next_month(plan.month), timezone)
    return {
        "batch": plan.batch,
        "building_id": plan.building.building_id,
        "month": plan.month,
        "timezone": timezone,
        "start": start,
        "stop": stop,
        "block_seconds": block_seconds(timezone, start, stop),
        "landed_values": [str(landed_values(settings, version)) for version in plan.versions],
        "begun": list(plan.begun),
    }


def _file_row(settings: Settings, version: FileVersion, precedence: int) -> dict[str, Any]:
    assert version.layout is not None
    return {
        "number": version.number,
        "precedence": precedence,
        "building_id": version.building_id,
        "datasource_id": version.datasource_id,
        "landed_values": str(landed_values(settings, version)),
        "device": version.layout.device,
        "columns": json.dumps(version.layout.columns, ensure_ascii=False),
    }


def _clear(folder: Path) -> None:
    files.remove(folder)
    folder.mkdir(parents=True)
