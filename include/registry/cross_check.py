"""Rows that are valid by themselves and contradict each other."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise

from include.core.errors import ConfigurationError
from include.core.paths import DEFAULT_PUBLICATION
from include.registry.cells import EPOCHS
from include.registry.fact_rows import FactColumn, Tariff, check_fact_column, check_tariffs
from include.registry.forecast_rows import FORECASTS, Forecast
from include.registry.register_rows import check_register_key, check_register_reference
from include.registry.registry import Registry
from include.registry.rows import (
    Datasource,
    DatasourceMapping,
    FileCheck,
    FileFormat,
    HttpRequest,
    Measurement,
    Publication,
    PublicLocation,
    Row,
    SensorMapping,
    SqlColumn,
    SqlTable,
)
from include.registry.seeds import Owners, Problems, R, refuse
from include.registry.units import COMMON, UnknownUnit, conversion, is_ucum

# How windows are written in names of files: one of them, and all.
WINDOWS = {
    "hour": ("2026-02-15T06Z", r"\d{4}-\d\d-\d\dT\d\dZ"),
    "day": ("2026-02-15", r"\d{4}-\d\d-\d\d"),
    "month": ("2026-02", r"\d{4}-\d\d"),
}


@dataclass(frozen=True)
class Known:
    """What rows may refer to."""

    buildings: frozenset[str]
    formats: dict[str, FileFormat]
    measurements: dict[str, Measurement]
    made_of: dict[str, str]  # amount → the measurement that it is made of
    declared: dict[str, list[DatasourceMapping]]  # datasource_id → its rows
    datasources: dict[str, Datasource]
    requests: dict[str, list[HttpRequest]]  # datasource_id → its rows
    tables: dict[str, list[SqlTable]]  # datasource_id → its rows
    columns: dict[tuple[str, str], list[SqlColumn]]  # datasource_id, table → its rows


def cross_check(registry: Registry, owners: Owners, problems: Problems) -> None:
    """Record each contradiction for the building of its row.

    Raises ConfigurationError if the row belongs to none.
    """
    known = Known(
        frozenset(row.building_id for row in registry.buildings),
        {row.format: row for row in registry.file_formats},
        {row.measurement: row for row in registry.measurements},
        {row.amount: row.measurement for row in registry.measurements if row.amount},
        {row.datasource_id: [] for row in registry.datasources},
        {row.datasource_id: row for row in registry.datasources},
        {},
        {},
        {},
    )
    for table in registry.sql_tables:
        known.tables.setdefault(table.datasource_id, []).append(table)
    for column in registry.sql_columns:
        known.columns.setdefault((column.datasource_id, column.table), []).append(column)
    for request in registry.http_requests:
        known.requests.setdefault(request.datasource_id, []).append(request)
    for mapping in registry.datasource_mappings:
        known.declared.get(mapping.datasource_id, []).append(mapping)

    def check(rows: Iterable[R], rule: Callable[[Known, R], None]) -> None:
        for row in rows:
            with problems.of(owners.of(row)):
                rule(known, row)

    _check_publications(registry)
    check(registry.measurements, _check_measurement)
    check(registry.datasources, _check_datasource)
    check(registry.datasource_mappings, _check_datasource_mapping)
    check(registry.http_requests, _check_http_request)
    check(registry.sql_tables, _check_sql_table)
    check(registry.sql_columns, _check_sql_column)
    check(registry.file_checks, _check_file_check)
    check(registry.sensor_mappings, _check_sensor_mapping)
    check(registry.locations, _check_location)
    check(registry.fact_columns, _check_fact_column)
    check(registry.tariffs, _check_building)
    check(registry.forecasts, _check_forecast)
    _check_registers(registry, problems)
    _check_pairs(registry, owners, problems)


def _check_pairs(registry: Registry, owners: Owners, problems: Problems) -> None:
    """Rows that hold at the same time."""
    by_building = sorted(registry.tariffs, key=lambda row: row.building_id)
    for building_id, tariffs in groupby(by_building, key=lambda row: row.building_id):
        with problems.of([building_id]):
            check_tariffs(tuple(tariffs))
    for earlier, later in _neighbours(registry.sensor_mappings):
        with problems.of(owners.of(later)):
            _check_no_overlap(earlier, later)


def _check_publications(registry: Registry) -> None:
    """No row makes a restricted building public, in whatever order they are read."""
    file = "publications.csv"
    places: dict[str, Publication] = {}
    for row in registry.publications:
        if row.publication_id == DEFAULT_PUBLICATION and row.access != "public":
            cure = "make it public, and restrict its buildings in a row of their own"
            refuse(file, row, "access", f"{DEFAULT_PUBLICATION} is the public one", cure)
        if row.access == "restricted" and not row.location:
            cure = "name an rclone path that only its readers can read"
            refuse(file, row, "location", "a restricted publication has no location", cure)
        if row.access == "public" and (both := registry.restricted.intersection(row.buildings)):
            what = f"{min(both)} is in a restricted publication, and named here"
            refuse(file, row, "buildings", what, "take it out of one of the two")
        if row.access == "grouped":
            _check_grouped(row)
        place = row.location.rstrip("/") or row.publication_id
        if (other := places.setdefault(place, row)) is not row:
            what = f"the location is that of line {other.line}"
            refuse(file, row, "location", what, "give each publication a location of its own")
    _refer_to_default(registry)


def _check_registers(registry: Registry, problems: Problems) -> None:
    owners = {row.datasource_id: row.building_id for row in registry.datasources}

    def tables_of(building_id: str) -> list[SqlTable]:
        return [t for t in registry.sql_tables if owners.get(t.datasource_id) == building_id]

    for key in registry.register_keys:
        with problems.of([key.building_id]):
            check_register_key(key, registry.roots, tables_of(key.building_id))
    for row in registry.register_references:
        with problems.of([row.building_id]):
            check_register_reference(row, tables_of(row.building_id), registry.sql_columns)


def _check_grouped(row: Publication) -> None:
    """It says how much is enough, and has its own tables and licence."""
    needed = {
        "min_households": "how many households a value must be of, such as 5",
        "min_days": "how many days of a month each must have, such as 20",
        "licence": "the licence of what is published, such as CC-BY-4.0",
    }
    for column, what in needed.items():
        if not getattr(row, column):
            said = f"a grouped publication has no {column}"
            refuse("publications.csv", row, column, said, f"write {what}")
    if row.tables:
        said = "a grouped publication has the tables group_month and withheld alone"
        refuse("publications.csv", row, "tables", said, "leave the cell empty")


def check_grants(registry: Registry) -> None:
    """Each grant is for something that there is, examples among them."""
    known: dict[str, Collection[str]] = {
        "place": registry.roots.parents,
        "building": {row.building_id for row in registry.buildings},
        "publication": {row.publication_id for row in registry.publications},
    }
    for row in registry.grants:
        if row.scope_id not in known[row.scope]:
            what = f"unknown {row.scope} {row.scope_id!r}"
            seed = {"place": "building_hierarchy", "building": "buildings_config"}
            cure = f"name an id of {seed.get(row.scope, 'publications')}.csv"
            refuse("grants.csv", row, "scope_id", what, cure)


def _refer_to_default(registry: Registry) -> None:
    if all(row.publication_id != DEFAULT_PUBLICATION for row in registry.publications):
        raise ConfigurationError(
            f"there is no row {DEFAULT_PUBLICATION}",
            where="publications.csv, column publication_id",
            cure="restore it from git; to publish nothing there, set its status to disabled",
        )


def _check_measurement(known: Known, row: Measurement) -> None:
    file = "measurements.csv"
    if not is_ucum(row.unit):
        common = ", ".join(sorted(COMMON))
        cure = f"use a UCUM unit, such as {common}"
        refuse(file, row, "unit", f"unknown unit {row.unit!r}", cure)
    if not row.makes_amounts:
        if row.amount:
            what = f"no amount is made of a measurement of kind {row.kind}"
            refuse(file, row, "amount", what, "empty the cell, or name the kind that it is")
        return
    amount = known.measurements.get(row.amount)
    if amount is None or amount.kind != "amount":
        what = f"{row.amount!r} is not a measurement of kind amount"
        cure = "name the measurement that its amounts are published as"
        refuse(file, row, "amount", what, cure)
    if (other := known.made_of[row.amount]) != row.measurement:
        what = f"{row.amount} is made of {other} as well"
        refuse(file, row, "amount", what, "give each its own")
    try:
        conversion(row.accumulated_unit, amount.unit)
    except UnknownUnit as error:
        cure = f"give {row.amount} a unit of what {row.measurement} adds up to"
        refuse(file, row, "amount", f"{row.measurement}: {error}", cure)


def _check_datasource(known: Known, row: Datasource) -> None:
    file = "datasources_config.csv"
    _refer(file, row, "building_id", row.building_id, known.buildings)
    if row.status in ("planned", "removed"):
        return
    _refer(file, row, "format", row.format, known.formats)
    _check_asked(known, row)
    tables = known.tables.get(row.datasource_id)
    if tables and all(table.published for table in tables):
        return  # it has no readings
    if not known.declared[row.datasource_id]:
        refuse(
            file,
            row,
            "datasource_id",
            "no row in datasource_mappings.csv",
            "add one, or set the status to planned",
        )
    _check_packed(known, row)
    first, *others = known.declared[row.datasource_id]
    for mapping in others:
        for column in ("timestamp_column", "location_column", "measurement_column", "source_name"):
            if getattr(mapping, column) != getattr(first, column):
                what = f"differs from line {first.line} of the same datasource"
                refuse(
                    "datasource_mappings.csv",
                    mapping,
                    column,
                    what,
                    "make them equal, or declare two datasources",
                )


def _check_asked(known: Known, row: Datasource) -> None:
    """What is asked of an address is said."""
    seed, rows = (
        ("sql_tables.csv", known.tables)
        if row.is_database
        else ("http_requests.csv", known.requests)
    )
    if row.is_asked and row.datasource_id not in rows:
        cure = "add one that says what is asked of the address, or set the status to planned"
        refuse("datasources_config.csv", row, "location", f"no row in {seed}", cure)


def _check_packed(known: Known, row: Datasource) -> None:
    """What the times in names are compared with can be read."""
    file_format = known.formats[row.format]
    groups = re.compile(row.file_regex).groupindex
    if "time" in groups and not row.is_packed:
        what = "file_pattern has the group time, and no group day"
        refuse("datasources_config.csv", row, "file_pattern", what, "add it, or remove the other")
    if row.is_packed and "exported" in groups:
        cure = "take out one of the two: of a pack the names rank the files"
        what = "file_pattern has both groups, day and exported"
        refuse("datasources_config.csv", row, "file_pattern", what, cure)
    if file_format.name_tolerance_minutes is None:
        return
    if not row.is_packed or "time" not in groups:
        what = f"the format {row.format} asks names for a time, and this has no groups day and time"
        cure = "add them, or leave name_tolerance_minutes of the format empty"
        refuse("datasources_config.csv", row, "file_pattern", what, cure)
    if len(file_format.date_formats) > 1 or file_format.date_formats[0] in EPOCHS:
        what = "a time in names is compared with times that are written in one way"
        refuse("file_formats.csv", file_format, "date_formats", what, "leave one format of a date")
    for mapping in known.declared[row.datasource_id]:
        if "+" in mapping.timestamp_column:
            what = "a time in names is compared with that of one column"
            cure = "name one column, or leave name_tolerance_minutes of the format empty"
            refuse("datasource_mappings.csv", mapping, "timestamp_column", what, cure)


def _check_datasource_mapping(known: Known, row: DatasourceMapping) -> None:
    file = "datasource_mappings.csv"
    _refer(file, row, "datasource_id", row.datasource_id, known.declared)
    _check_measured(known, file, row)
    _check_unit(known, file, row, row.unit, row.measurement)
    if row.value_min > row.value_max:
        refuse(file, row, "value_min", "value_min is above value_max", "swap them")
    _check_bound(known, row, row.measurement)


def _check_http_request(known: Known, row: HttpRequest) -> None:
    file = "http_requests.csv"
    _refer(file, row, "datasource_id", row.datasource_id, known.declared)
    datasource = known.datasources[row.datasource_id]
    if not datasource.is_asked:
        what = f"{row.datasource_id} has no http address in datasources_config.csv"
        refuse(file, row, "datasource_id", what, "remove the row, or correct the location")
    name = row.file.format(window=WINDOWS[row.window][0])
    if not re.fullmatch(datasource.file_regex, name):
        what = f"{name} does not match file_pattern {datasource.file_pattern}"
        refuse(file, row, "file", what, "make the two agree")
    for other in known.requests[row.datasource_id]:
        before, after = (re.escape(part) for part in other.file.split("{window}"))
        if other != row and re.fullmatch(before + WINDOWS[other.window][1] + after, name):
            what = f"{name} is also an answer of line {other.line}"
            refuse(file, row, "file", what, "give each request other names")
    if bool(row.next_page) != row.file.endswith(".zip"):
        what = "an answer of several pages is a zip of them, and any other is none"
        refuse(
            file, row, "file", what, "let it end with .zip where next_page is filled, only there"
        )
    if "{key}" in row.query and not row.connection:
        cure = "name Airflow's connection whose password it is"
        refuse(file, row, "connection", "the query has {key}, and no connection is named", cure)


def _check_sql_table(known: Known, row: SqlTable) -> None:
    file = "sql_tables.csv"
    _refer(file, row, "datasource_id", row.datasource_id, known.declared)
    if not known.datasources[row.datasource_id].is_database:
        what = f"{row.datasource_id} has no database as its location in datasources_config.csv"
        refuse(file, row, "datasource_id", what, "remove the row, or correct the location")
    columns = known.columns.get((row.datasource_id, row.table), [])
    if not columns:
        cure = "add one for each column that may be read"
        refuse(file, row, "table", "no row in sql_columns.csv", cure)
    has_window = [bool(row.window), bool(row.first), bool(row.time_column), "{window}" in row.file]
    if any(has_window) and not all(has_window):
        what = "a table by windows has window, first, time_column, and {window} in file"
        refuse(file, row, "window", what, "fill all four, or none")
    if row.published and row.window:
        refuse(file, row, "window", "a published table is read whole", "leave it empty")
    names = {column.column for column in columns}
    if missing := [name for name in row.key if name not in names]:
        what = f"{missing[0]!r} has no row in sql_columns.csv"
        refuse(file, row, "key", what, "add it, or correct the key")
    same = [other for all_ in known.tables.values() for other in all_ if other != row]
    if row.published and any(other.published == row.published for other in same):
        what = f"{row.published} is published twice"
        refuse(file, row, "published", what, "give each table another name")


def _check_sql_column(known: Known, row: SqlColumn) -> None:
    file = "sql_columns.csv"
    tables = [
        table for table in known.tables.get(row.datasource_id, ()) if table.table == row.table
    ]
    same = known.columns[row.datasource_id, row.table]
    if sum(other.column.lower() == row.column.lower() for other in same) > 1:
        what = f"{row.column} is there twice: names of a release differ by more than case"
        refuse(file, row, "column", what, "remove one of them")
    if row.column.lower() == "building_id" and row.type:
        what = "building_id is what each published table has of its own"
        refuse(file, row, "column", what, "leave the column out, or read it through a view")
    if not tables:
        cure = "add the table, or remove the row"
        refuse(file, row, "table", f"{row.table} has no row in sql_tables.csv", cure)
    if bool(row.type) is not bool(tables[0].published):
        what = "a column of a published table has a type, and one of readings none"
        refuse(file, row, "type", what, "fill the cell, or empty it")


def _check_file_check(known: Known, row: FileCheck) -> None:
    file = "file_checks.csv"
    _refer(file, row, "datasource_id", row.datasource_id, known.declared)
    if row.minimum is None and row.maximum is None:
        refuse(file, row, "maximum", "neither minimum nor maximum is given", "give one, or both")
    if None not in (row.minimum, row.maximum) and (row.minimum or 0) > (row.maximum or 0):
        refuse(file, row, "minimum", "minimum is above maximum", "swap them")


def _check_sensor_mapping(known: Known, row: SensorMapping) -> None:
    file = "sensor_mappings.csv"
    _refer(file, row, "datasource_id", row.datasource_id, known.declared)
    if row.valid_from and row.valid_to and row.valid_from >= row.valid_to:
        refuse(
            file,
            row,
            "valid_to",
            "the period ends before it begins",
            "valid_to is the first day after the period: swap the dates",
        )
    if row.disposition == "ignored":
        if not row.reason:
            refuse(
                file, row, "reason", "an ignored name needs a reason", "say why it is not published"
            )
        return
    if not (row.sensor_id and row.location):
        refuse(
            file,
            row,
            "sensor_id",
            "a mapped name needs sensor_id and location",
            "fill both, or ignore it with a reason",
        )
    if not row.measurement and any(
        not mapping.measurement for mapping in known.declared[row.datasource_id]
    ):
        refuse(
            file,
            row,
            "measurement",
            "neither this row nor datasource_mappings.csv says what is measured",
            "fill the cell",
        )
    _check_measured(known, file, row)
    for mapping in known.declared[row.datasource_id]:
        unit, measurement = row.unit or mapping.unit, row.measurement or mapping.measurement
        if row.unit or not mapping.measurement:  # else it is checked with the column
            _check_unit(known, file, row, unit, measurement)
        _check_bound(known, mapping, measurement)


def _check_unit(known: Known, file: str, row: Row, unit: str, measurement: str) -> None:
    """Values in a unit can become the measurement's."""
    if not unit or measurement not in known.measurements:
        return
    try:
        conversion(unit, known.measurements[measurement].unit)
    except UnknownUnit as error:
        usual = known.measurements[measurement].unit
        cure = f"write the unit of the file's values, such as {usual}"
        refuse(file, row, "unit", f"{measurement}: {error}", cure)


def _check_measured(known: Known, file: str, row: DatasourceMapping | SensorMapping) -> None:
    if not row.measurement:
        return
    _refer(file, row, "measurement", row.measurement, known.measurements)
    if row.measurement in known.made_of:
        what = f"{row.measurement} is made of {known.made_of[row.measurement]}"
        refuse(file, row, "measurement", what, "give what the file holds a measurement of its own")


def _check_bound(known: Known, row: DatasourceMapping, measurement: str) -> None:
    """A counter that jumps must not become one enormous amount."""
    measured = known.measurements.get(measurement)
    if measured and measured.kind == "counter" and row.max_per_hour is None:
        what = f"{measurement} is a counter, and nothing says how fast it can count"
        cure = f"write the most that it can count in an hour, in {measured.unit}"
        refuse("datasource_mappings.csv", row, "max_per_hour", what, cure)


def _check_location(known: Known, row: PublicLocation) -> None:
    _refer("location_map.csv", row, "building_id", row.building_id, known.buildings)


def _check_fact_column(known: Known, row: FactColumn) -> None:
    _refer("fact_columns.csv", row, "building_id", row.building_id, known.buildings)
    check_fact_column(row, known.measurements)


def _check_building(known: Known, row: Tariff) -> None:
    _refer("tariffs.csv", row, "building_id", row.building_id, known.buildings)


def _check_forecast(known: Known, row: Forecast) -> None:
    _refer(FORECASTS, row, "building_id", row.building_id, known.buildings)
    columns = {
        "measurement": () if row.is_presence else (row.measurement,),
        "covariates": row.covariates,
        "weather": row.weather,
    }
    for column, names in columns.items():
        for name in names:
            _refer(FORECASTS, row, column, name, known.measurements)


def _start(row: SensorMapping) -> date:
    return row.valid_from or date.min


def _neighbours(rows: Iterable[SensorMapping]) -> Iterable[tuple[SensorMapping, SensorMapping]]:
    """Rows of one raw name that follow each other in time."""

    def name(row: SensorMapping) -> tuple[str, str]:
        return (row.datasource_id, row.raw_name)

    for _, group in groupby(
        sorted(rows, key=lambda row: (name(row), _start(row), row.line)), key=name
    ):
        yield from pairwise(group)


def _check_no_overlap(earlier: SensorMapping, later: SensorMapping) -> None:
    if _start(later) < (earlier.valid_to or date.max):
        what = f"{later.raw_name!r} means something else at the same time in line {earlier.line}"
        refuse(
            "sensor_mappings.csv",
            later,
            "valid_from",
            what,
            "close the earlier row with valid_to, or remove one",
        )


def _refer(file: str, row: Row, column: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        refuse(
            file, row, column, f"{value!r} is not known", f"use one of: {', '.join(sorted(known))}"
        )
