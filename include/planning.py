"""What there is to do: the months whose fingerprint is not the one that the files on disk carry.

The plan is all that dbt is told. It is made of files, seeds, ledger and `as_of` alone, so a run that was killed,
repeated or moved to another machine plans what is missing, and nothing else.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from include import files
from include.errors import ConfigurationError
from include.ingest.ledger import FileVersion, Ledger
from include.local_time import (
    block_seconds,
    end_of_last_week,
    month_of,
    month_start,
    months_between,
    next_month,
)
from include.registry import Registry
from include.registry.rows import Building, Datasource, DatasourceMapping, Measurement, PublicLocation, Row, SensorMapping
from include.settings import PROJECT_DIR, Settings

GRAINS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}  # and the unit of each
HOUR = timedelta(hours=1)
_INSTANT = pa.timestamp("us", "UTC")
FILES = pa.schema(
    [
        *((name, pa.int32()) for name in ("number", "precedence")),
        *((name, pa.string()) for name in ("building_id", "datasource_id", "landed_values", "device", "columns")),
    ]
)
MONTHS = pa.schema(
    [
        *((name, pa.string()) for name in ("batch", "building_id", "month", "timezone")),
        *((name, _INSTANT) for name in ("start", "stop")),
        ("block_seconds", pa.int64()),
        ("landed_values", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True)
class MonthPlan:
    """One month of readings to build."""

    building: Building
    month: str
    fingerprint: str
    versions: tuple[FileVersion, ...]

    @property
    def batch(self) -> str:
        return f"{self.building.building_id}.{self.month}"


@dataclass(frozen=True)
class WindowPlan:
    """Consecutive months whose aggregates are computed at once: never more than the floating window holds."""

    building: Building
    months: tuple[str, ...]

    @property
    def batch(self) -> str:
        return f"{self.building.building_id}.{self.months[0]}"

    @property
    def labels_start(self) -> datetime:
        return month_start(self.months[0], self.building.timezone)

    @property
    def labels_stop(self) -> datetime:
        return month_start(next_month(self.months[-1]), self.building.timezone)

    @property
    def stop(self) -> datetime:
        """The window reaches out to the end of the last week that begins in it."""
        return max(self.labels_stop, end_of_last_week(self.months[-1], self.building.timezone))


def models_fingerprint(*folders: str) -> str:
    """Hash of the SQL that makes the numbers."""
    paths = [path for folder in ("macros", *folders) for path in sorted((PROJECT_DIR / "include/dbt" / folder).rglob("*.sql"))]
    return hashlib.sha256(b"\n".join(path.read_bytes() for path in paths)).hexdigest()


def plan_readings(settings: Settings, registry: Registry, as_of: datetime) -> list[MonthPlan]:
    """All months of all published buildings with the fingerprint that their readings must carry."""
    ledger = Ledger.read(settings.paths.ledger)
    models = models_fingerprint("models/0_landing", "models/0_seeds", "models/1_staging", "models/2_marts", "models/5_metrics")
    plans = []
    for building in registry.built_buildings:
        seeds = registry.fingerprint_of(building.building_id)
        accepted = ledger.accepted(building.building_id, as_of, registry.withdrawn(as_of))
        ranked = rank(version for version in accepted if registry.uses(version.building_id, version.datasource_id))
        months: dict[str, list[FileVersion]] = defaultdict(list)
        for version in ranked:
            for month in version.months:
                months[month].append(version)
        for month, versions in sorted(months.items()):
            facts = [models, seeds, *(_facts(version) for version in versions)]
            plans.append(MonthPlan(building, month, hashlib.sha256("\n".join(facts).encode()).hexdigest(), tuple(versions)))
    return plans


def versions_of(months: Iterable[MonthPlan]) -> list[FileVersion]:
    """The inputs of months, each once, in the order of their numbers."""
    versions = {version.number: version for plan in months for version in plan.versions}
    return [versions[number] for number in sorted(versions)]


def _facts(version: FileVersion) -> str:
    """What a file's readings are made from."""
    layout = version.layout
    assert layout is not None
    return f"{version.number} {version.sha256} {version.rows} {layout.columns} {layout.date_format} {layout.device} {layout.declared}"


def named_months(plans: list[MonthPlan], building_id: str, months: Collection[str]) -> list[MonthPlan]:
    """Some of the planned months. Raises ConfigurationError if none is named, or one has no accepted input."""
    named = [plan for plan in plans if plan.building.building_id == building_id and plan.month in months]
    if unknown := sorted(set(months) - {plan.month for plan in named}) or (not months and ["none"]):
        there = [plan.month for plan in plans if plan.building.building_id == building_id]
        raise ConfigurationError(
            f"these months have no accepted input: {', '.join(unknown)}", where="parameter months", cure=f"name some of: {', '.join(there) or 'none yet'}"
        )
    return named


def rank(versions: Iterable[FileVersion]) -> list[FileVersion]:
    """Later exports last: by the time of export in their names, else by last and first reading; versions of one path by their sequence.

    Name and contents decide between equals.
    """
    by_path: dict[tuple[str, str], list[FileVersion]] = defaultdict(list)
    for version in versions:
        by_path[version.datasource_id, version.path].append(version)

    def age(path: tuple[str, str]) -> tuple[Any, ...]:
        newest = by_path[path][-1]
        readings = (newest.last_reading, newest.first_reading) if newest.exported is None else (newest.exported, newest.exported)
        return (*readings, *path, newest.sha256)

    return [version for path in sorted(by_path, key=age) for version in by_path[path]]


def write_readings_plan(settings: Settings, registry: Registry, months: list[MonthPlan]) -> None:
    """Tell dbt which months to build from which files, and what the seeds say. See include/dbt/macros/plan.sql."""
    _clear(settings.paths.built_readings)
    write_seeds(settings, registry)
    involved = rank(versions_of(months))
    rows = [_file_row(settings, version, precedence) for precedence, version in enumerate(involved)]
    files.write_parquet(settings.paths.plan / "files.parquet", pa.Table.from_pylist(rows, schema=FILES))
    rows = [_month_row(settings, plan) for plan in months]
    files.write_parquet(settings.paths.plan / "months.parquet", pa.Table.from_pylist(rows, schema=MONTHS))


def write_seeds(settings: Settings, registry: Registry) -> None:
    """Hand dbt the seed rows of the published buildings, as text, empty cells as null. See include/dbt/models/0_seeds.

    Rows of a building that has a wrong one stay out: what was made of them before is kept (`store_dimensions`).
    """
    buildings = {row.building_id for row in registry.built_buildings}
    datasources = {row.datasource_id for row in registry.datasources if row.building_id in buildings and row.status != "removed"}
    seeds: dict[str, tuple[type[Row], Iterable[Row]]] = {
        "buildings_config": (Building, (row for row in registry.buildings if row.building_id in buildings)),
        "datasources_config": (Datasource, (row for row in registry.datasources if row.datasource_id in datasources)),
        "datasource_mappings": (DatasourceMapping, (row for row in registry.datasource_mappings if row.datasource_id in datasources)),
        "sensor_mappings": (SensorMapping, (row for row in registry.sensor_mappings if row.datasource_id in datasources)),
        "location_map": (PublicLocation, (row for row in registry.locations if row.building_id in buildings)),
        "measurements": (Measurement, registry.measurements),
    }
    for name, (row_type, rows) in seeds.items():
        schema = pa.schema([(column, pa.string()) for column in row_type.model_fields if column != "line"])
        cells = [{column: _text(getattr(row, column)) for column in schema.names} for row in rows]
        files.write_parquet(settings.paths.plan / f"{name}.parquet", pa.Table.from_pylist(cells, schema=schema))


def _text(value: object) -> str | None:
    if isinstance(value, tuple):
        value = ";".join(value)
    return None if value in (None, "") else str(value)


def landed_values(settings: Settings, version: FileVersion) -> Path:
    return settings.paths.landed_values(version.building_id, version.datasource_id, version.sha256, version.path)


def plan_windows(building: Building, months: Iterable[str], as_of: datetime) -> list[WindowPlan]:
    """The floating window of `as_of`, and windows of the same size for the older months among `months`."""
    size = building.retention_months + 1
    current = month_of(as_of, building.timezone)
    floating = tuple(months_between(next_month(current, -building.retention_months), current))
    windows = [WindowPlan(building, floating)]
    older = sorted(month for month in set(months) if month < floating[0])
    while older:
        span = [month for month in older if month < next_month(older[0], size)]
        windows.append(WindowPlan(building, tuple(months_between(span[0], span[-1]))))
        older = older[len(span) :]
    return sorted(windows, key=lambda window: window.months)


def write_windows_plan(settings: Settings, windows: list[WindowPlan], as_of: datetime) -> None:
    """Tell the time-series engine which windows to aggregate from which months of readings."""
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
            "block_seconds": block_seconds(window.building.timezone, window.labels_start, window.stop),
            "as_of": as_of,
            "readings": [str(path) for path in readings_of(settings, window)],
        }
        for window in windows
    ]
    files.write_parquet(settings.paths.plan / "windows.parquet", pa.Table.from_pylist(rows))


def readings_of(settings: Settings, window: WindowPlan) -> list[Path]:
    """The existing months of readings that a window reaches into."""
    last = month_of(window.stop - HOUR, window.building.timezone)
    paths = (settings.paths.month_of_readings(window.building.building_id, month) for month in months_between(window.months[0], last))
    return [path for path in paths if path.exists()]


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
