"""Reads the seeds and refuses rows that contradict each other, with file, line, column and cure."""

import csv
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby, pairwise
from pathlib import Path
from typing import NoReturn, TypeVar

from pydantic import ValidationError

from include.errors import ConfigurationError
from include.registry.rows import (
    Building,
    Datasource,
    DatasourceMapping,
    FileFormat,
    Measurement,
    PublicLocation,
    Row,
    SensorMapping,
    Withdrawal,
)

R = TypeVar("R", bound=Row)

# Units that the platform can name and convert; a new one is added here with its first measurement.
UCUM_UNITS = frozenset({"Cel", "%", "[ppm]", "Pa", "hPa", "lx", "W", "kW", "kW.h", "m3", "m3/h", "m/s", "dB", "1"})


@dataclass(frozen=True)
class Registry:
    """All seeds of one project. Build it with `load_registry`, which checks it."""

    folder: Path
    buildings: tuple[Building, ...]
    file_formats: tuple[FileFormat, ...]
    datasources: tuple[Datasource, ...]
    datasource_mappings: tuple[DatasourceMapping, ...]
    sensor_mappings: tuple[SensorMapping, ...]
    measurements: tuple[Measurement, ...]
    locations: tuple[PublicLocation, ...]
    withdrawals: tuple[Withdrawal, ...] = ()

    def building(self, building_id: str) -> Building:
        return _known(self.buildings, "building_id", building_id, "buildings_config.csv")

    def datasource(self, datasource_id: str) -> Datasource:
        return _known(self.datasources, "datasource_id", datasource_id, "datasources_config.csv")

    def format_of(self, datasource: Datasource) -> FileFormat:
        return _known(self.file_formats, "format", datasource.format, "file_formats.csv")

    def mappings_of(self, datasource: Datasource) -> tuple[DatasourceMapping, ...]:
        return tuple(row for row in self.datasource_mappings if row.datasource_id == datasource.datasource_id)

    def withdrawn(self, as_of: datetime) -> dict[str, Withdrawal]:
        """The file versions that a run as of that time may not use, by digest."""
        return {row.sha256: row for row in self.withdrawals if datetime.combine(row.since, time.min, UTC) <= as_of}

    @property
    def active_buildings(self) -> tuple[Building, ...]:
        return tuple(row for row in self.buildings if row.status == "active")

    @property
    def active_datasources(self) -> tuple[Datasource, ...]:
        active = {building.building_id for building in self.active_buildings}
        return tuple(row for row in self.datasources if row.status == "active" and row.building_id in active)

    def check_locations(self, *remotes: str) -> None:
        """Our own output must not come back as input: no datasource may read a folder that holds a remote of ours."""
        for datasource in self.active_datasources:
            folder = datasource.location.rstrip("/")
            for remote in remotes:
                if remote == folder or remote.startswith(folder if folder.endswith(":") else f"{folder}/"):
                    refuse(
                        "datasources_config.csv",
                        datasource,
                        "location",
                        f"{datasource.location} contains {remote}, where the platform writes",
                        "put the raw files into a folder of their own",
                    )

    @property
    def fingerprint(self) -> str:
        """Hash of all seeds as they stand on the disk."""
        return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(self.folder.glob("*.csv")))).hexdigest()

    def fingerprint_of(self, building_id: str) -> str:
        """Hash of every row that can touch a building's numbers; thresholds and names of people's choice stay out."""
        datasources = {row.datasource_id for row in self.datasources if row.building_id == building_id}
        formats = {row.format for row in self.datasources if row.building_id == building_id}
        touching: list[Row] = [
            *(row for row in self.file_formats if row.format in formats),
            *(row for row in self.datasource_mappings if row.datasource_id in datasources),
            *(row for row in self.sensor_mappings if row.datasource_id in datasources),
            *(row for row in self.locations if row.building_id == building_id),
        ]
        facts = sorted(json.dumps(row.model_dump(mode="json"), sort_keys=True) for row in touching)
        facts.append(self.building(building_id).timezone)
        facts += sorted(f"{row.datasource_id} {row.timezone}" for row in self.datasources if row.building_id == building_id)
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _known(rows: Iterable[R], column: str, value: str, file: str) -> R:
    """The row that files in the ledger refer to; it may be switched off, but not taken away from under them."""
    for row in rows:
        if getattr(row, column) == value:
            return row
    raise ConfigurationError(
        f"{value!r} has no row, and the ledger knows files of it",
        where=f"{file}, column {column}",
        cure="restore the row; to stop reading it, set its status to disabled",
    )


def load_registry(folder: Path) -> Registry:
    """Read and check all seeds in `folder`. Raises ConfigurationError on the first row that cannot be right."""
    stamp = tuple((path.name, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.csv")))
    return _load_registry(folder, stamp)


@functools.lru_cache(maxsize=4)
def _load_registry(folder: Path, stamp: object) -> Registry:
    registry = Registry(
        folder=folder,
        buildings=tuple(read_rows(folder / "buildings_config.csv", Building)),
        file_formats=tuple(read_rows(folder / "file_formats.csv", FileFormat)),
        datasources=tuple(read_rows(folder / "datasources_config.csv", Datasource)),
        datasource_mappings=tuple(read_rows(folder / "datasource_mappings.csv", DatasourceMapping)),
        sensor_mappings=tuple(read_rows(folder / "sensor_mappings.csv", SensorMapping)),
        measurements=tuple(read_rows(folder / "measurements.csv", Measurement)),
        locations=tuple(read_rows(folder / "location_map.csv", PublicLocation)),
        withdrawals=tuple(read_rows(folder / "withdrawals.csv", Withdrawal)),
    )
    _cross_check(registry)
    return registry


def read_rows(path: Path, row_type: type[R]) -> Iterator[R]:
    """The rows of one seed, each checked by itself. Raises ConfigurationError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            expected = [field.alias or name for name, field in row_type.model_fields.items() if name != "line"]
            if reader.fieldnames != expected:
                raise ConfigurationError(f"the columns are {reader.fieldnames}", where=f"{path.name}, line 1", cure=f"they must be {','.join(expected)}")
            for values in reader:
                where = f"{path.name}, line {reader.line_num}"
                if None in values or None in values.values():
                    raise ConfigurationError("the row has more or fewer cells than the header", where=where, cure="quote cells that contain commas")
                try:
                    yield row_type(line=reader.line_num, **values)
                except ValidationError as error:
                    first = error.errors()[0]
                    column = str(first["loc"][0])
                    raise ConfigurationError(
                        f"{values.get(column)!r} cannot be a {column}: {first['msg']}",
                        where=f"{where}, column {column}",
                        cure="correct the cell; docs/data_dictionary.md explains every column",
                    ) from None
    except FileNotFoundError:
        raise ConfigurationError(f"the seed {path.name} is missing", where=str(path), cure="restore it from git") from None


def _cross_check(registry: Registry) -> None:
    buildings = _unique("buildings_config.csv", registry.buildings, lambda row: row.building_id, "building_id")
    formats = _unique("file_formats.csv", registry.file_formats, lambda row: row.format, "format")
    datasources = _unique("datasources_config.csv", registry.datasources, lambda row: row.datasource_id, "datasource_id")
    measurements = _unique("measurements.csv", registry.measurements, lambda row: row.measurement, "measurement")
    _unique("withdrawals.csv", registry.withdrawals, lambda row: row.sha256, "sha256")
    _unique("location_map.csv", registry.locations, lambda row: (row.building_id, row.location), "location")

    for unit in registry.measurements:
        if unit.unit not in UCUM_UNITS:
            refuse("measurements.csv", unit, "unit", f"unknown unit {unit.unit!r}", f"use a UCUM unit: {', '.join(sorted(UCUM_UNITS))}")
    for source in registry.datasources:
        _refer("datasources_config.csv", source, "building_id", source.building_id, buildings)
        if source.status == "active":
            _refer("datasources_config.csv", source, "format", source.format, formats)
            if not registry.mappings_of(source):
                refuse("datasources_config.csv", source, "datasource_id", "no row in datasource_mappings.csv", "add one, or set the status to planned")
    for mapping in registry.datasource_mappings:
        _refer("datasource_mappings.csv", mapping, "datasource_id", mapping.datasource_id, datasources)
        if mapping.measurement:
            _refer("datasource_mappings.csv", mapping, "measurement", mapping.measurement, measurements)
        if mapping.value_min > mapping.value_max:
            refuse("datasource_mappings.csv", mapping, "value_min", "value_min is above value_max", "swap them")
    for source in registry.active_datasources:
        _one_value(registry, source)
    for sensor in registry.sensor_mappings:
        _refer("sensor_mappings.csv", sensor, "datasource_id", sensor.datasource_id, datasources)
        if sensor.disposition == "ignored" and not sensor.reason:
            refuse("sensor_mappings.csv", sensor, "reason", "an ignored name needs a reason", "say why it is not published")
        if sensor.disposition == "mapped" and not (sensor.sensor_id and sensor.location):
            refuse("sensor_mappings.csv", sensor, "sensor_id", "a mapped name needs sensor_id and location", "fill both, or ignore it with a reason")
        if (
            sensor.disposition == "mapped"
            and not sensor.measurement
            and any(not m.measurement for m in registry.datasource_mappings if m.datasource_id == sensor.datasource_id)
        ):
            refuse("sensor_mappings.csv", sensor, "measurement", "neither this row nor datasource_mappings.csv says what is measured", "fill the cell")
        if sensor.measurement:
            _refer("sensor_mappings.csv", sensor, "measurement", sensor.measurement, measurements)
    _no_overlap(registry.sensor_mappings)
    for location in registry.locations:
        _refer("location_map.csv", location, "building_id", location.building_id, buildings)


def _one_value(registry: Registry, source: Datasource) -> None:
    """The rows of one datasource agree on what holds for the whole file."""
    first, *others = registry.mappings_of(source)
    for row in others:
        for column in ("timestamp_column", "location_column", "measurement_column", "source_name"):
            if getattr(row, column) != getattr(first, column):
                refuse(
                    "datasource_mappings.csv",
                    row,
                    column,
                    f"differs from line {first.line} of the same datasource",
                    "make them equal, or declare two datasources",
                )


def _no_overlap(rows: Iterable[SensorMapping]) -> None:
    def name(row: SensorMapping) -> tuple[str, str]:
        return (row.datasource_id, row.raw_name)

    def start(row: SensorMapping) -> date:
        return row.valid_from or date.min

    for _, group in groupby(sorted(rows, key=lambda row: (name(row), start(row))), key=name):
        for earlier, later in pairwise(group):
            if start(later) < (earlier.valid_to or date.max):
                refuse(
                    "sensor_mappings.csv", later, "valid_from",
                    f"{later.raw_name!r} means something else at the same time in line {earlier.line}",
                    "close the earlier row with valid_to, or remove one",
                )  # fmt: skip


def _unique(file: str, rows: Iterable[R], key: Callable[[R], object], column: str) -> set[object]:
    seen: dict[object, Row] = {}
    for row in rows:
        if (earlier := seen.get(key(row))) is not None:
            refuse(file, row, column, f"{key(row)!r} is already in line {earlier.line}", "remove one of them")
        seen[key(row)] = row
    return set(seen)


def _refer(file: str, row: Row, column: str, value: str, known: set[object]) -> None:
    if value not in known:
        refuse(file, row, column, f"{value!r} is not known", f"use one of: {', '.join(sorted(map(str, known)))}")


def refuse(file: str, row: Row, column: str, what: str, cure: str) -> NoReturn:
    """Raise ConfigurationError at a cell."""
    raise ConfigurationError(what, where=f"{file}, line {row.line}, column {column}", cure=cure)
