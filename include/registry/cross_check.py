"""Rows that are valid by themselves and contradict each other."""

from collections.abc import Callable, Collection, Iterable
from datetime import date
from itertools import groupby, pairwise

from include.registry.registry import Registry
from include.registry.rows import Datasource, DatasourceMapping, Measurement, PublicLocation, Row, SensorMapping
from include.registry.seeds import Owners, Problems, R, refuse

# Units that the platform can name and convert; a new one is added here with its first measurement.
UCUM_UNITS = frozenset({"Cel", "%", "[ppm]", "Pa", "hPa", "lx", "W", "kW", "kW.h", "m3", "m3/h", "m/s", "dB", "1"})


def cross_check(registry: Registry, owners: Owners, problems: Problems) -> None:
    """Record each contradiction for the building of its row. Raises ConfigurationError if the row belongs to none."""

    def check(rows: Iterable[R], rule: Callable[[Registry, R], None]) -> None:
        for row in rows:
            with problems.of(owners.of(row)):
                rule(registry, row)

    check(registry.measurements, _check_measurement)
    check(registry.datasources, _check_datasource)
    check(registry.datasource_mappings, _check_datasource_mapping)
    check(registry.sensor_mappings, _check_sensor_mapping)
    check(registry.locations, _check_location)
    for earlier, later in _neighbours(registry.sensor_mappings):
        with problems.of(owners.of(later)):
            _check_no_overlap(earlier, later)


def _check_measurement(_: Registry, row: Measurement) -> None:
    if row.unit not in UCUM_UNITS:
        refuse("measurements.csv", row, "unit", f"unknown unit {row.unit!r}", f"use a UCUM unit: {', '.join(sorted(UCUM_UNITS))}")


def _check_datasource(registry: Registry, row: Datasource) -> None:
    file = "datasources_config.csv"
    _refer(file, row, "building_id", row.building_id, {building.building_id for building in registry.buildings})
    if row.status in ("planned", "removed"):
        return
    _refer(file, row, "format", row.format, {one.format for one in registry.file_formats})
    mappings = registry.mappings_of(row)
    if not mappings:
        refuse(file, row, "datasource_id", "no row in datasource_mappings.csv", "add one, or set the status to planned")
    for mapping in mappings[1:]:
        for column in ("timestamp_column", "location_column", "measurement_column", "source_name"):
            if getattr(mapping, column) != getattr(mappings[0], column):
                what = f"differs from line {mappings[0].line} of the same datasource"
                refuse("datasource_mappings.csv", mapping, column, what, "make them equal, or declare two datasources")


def _check_datasource_mapping(registry: Registry, row: DatasourceMapping) -> None:
    file = "datasource_mappings.csv"
    _refer(file, row, "datasource_id", row.datasource_id, {source.datasource_id for source in registry.datasources})
    _check_measured(registry, file, row)
    if row.value_min > row.value_max:
        refuse(file, row, "value_min", "value_min is above value_max", "swap them")


def _check_sensor_mapping(registry: Registry, row: SensorMapping) -> None:
    file = "sensor_mappings.csv"
    _refer(file, row, "datasource_id", row.datasource_id, {source.datasource_id for source in registry.datasources})
    if row.valid_from and row.valid_to and row.valid_from >= row.valid_to:
        refuse(file, row, "valid_to", "the period ends before it begins", "valid_to is the first day after the period: swap the dates")
    if row.disposition == "ignored":
        if not row.reason:
            refuse(file, row, "reason", "an ignored name needs a reason", "say why it is not published")
        return
    if not (row.sensor_id and row.location):
        refuse(file, row, "sensor_id", "a mapped name needs sensor_id and location", "fill both, or ignore it with a reason")
    if not row.measurement and any(not mapping.measurement for mapping in registry.datasource_mappings if mapping.datasource_id == row.datasource_id):
        refuse(file, row, "measurement", "neither this row nor datasource_mappings.csv says what is measured", "fill the cell")
    _check_measured(registry, file, row)


def _check_measured(registry: Registry, file: str, row: DatasourceMapping | SensorMapping) -> None:
    if row.measurement:
        _refer(file, row, "measurement", row.measurement, {one.measurement for one in registry.measurements})


def _check_location(registry: Registry, row: PublicLocation) -> None:
    _refer("location_map.csv", row, "building_id", row.building_id, {building.building_id for building in registry.buildings})


def _start(row: SensorMapping) -> date:
    return row.valid_from or date.min


def _neighbours(rows: Iterable[SensorMapping]) -> Iterable[tuple[SensorMapping, SensorMapping]]:
    """Rows of one raw name that follow each other in time."""

    def name(row: SensorMapping) -> tuple[str, str]:
        return (row.datasource_id, row.raw_name)

    for _, group in groupby(sorted(rows, key=lambda row: (name(row), _start(row), row.line)), key=name):
        yield from pairwise(group)


def _check_no_overlap(earlier: SensorMapping, later: SensorMapping) -> None:
    if _start(later) < (earlier.valid_to or date.max):
        what = f"{later.raw_name!r} means something else at the same time in line {earlier.line}"
        refuse("sensor_mappings.csv", later, "valid_from", what, "close the earlier row with valid_to, or remove one")


def _refer(file: str, row: Row, column: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        refuse(file, row, column, f"{value!r} is not known", f"use one of: {', '.join(sorted(known))}")
