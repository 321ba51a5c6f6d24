"""Reads and checks all seeds."""

import functools
from dataclasses import replace
from pathlib import Path

from include.core.errors import ConfigurationError, DamagedFile
from include.core.settings import Settings
from include.registry.cross_check import check_grants, cross_check
from include.registry.erased import read_tombstones, without_erased
from include.registry.fact_rows import FactColumn, Tariff
from include.registry.forecast_rows import Forecast
from include.registry.register_rows import RegisterKey, RegisterReference
from include.registry.registry import Registry
from include.registry.rows import (
    Datasource,
    DatasourceMapping,
    FileCheck,
    FileFormat,
    Grant,
    HandOverFile,
    HttpRequest,
    Label,
    Measurement,
    Publication,
    PublicLocation,
    SensorMapping,
    SqlColumn,
    SqlTable,
    Withdrawal,
)
from include.registry.seeds import (
    Owners,
    Problems,
    R,
    Roots,
    read_buildings,
    read_rows,
    read_rows_of_buildings,
)


def registry_of(settings: Settings) -> Registry:
    """The seeds of an installation, without the places that were erased there.

    A building whose tombstones are damaged is a wrong one: what was erased must not come back.
    """
    damaged = {}
    erased: set[tuple[str, str]] = set()
    for building_id in settings.paths.known_buildings:
        try:
            found = read_tombstones(settings.paths, building_id)
            erased |= {(building_id, tombstone.place) for tombstone in found}
        except DamagedFile as error:
            damaged[building_id] = (
                ConfigurationError(error.what, where=error.where, cure=error.cure),
            )
    registry = _without(settings.seeds_dir, _stamp(settings.seeds_dir), frozenset(erased))
    return replace(registry, wrong=registry.wrong | damaged) if damaged else registry


@functools.lru_cache(maxsize=4)
def _without(folder: Path, stamp: object, erased: frozenset[tuple[str, str]]) -> Registry:
    registry = _load_registry(folder, stamp)
    return without_erased(registry, erased) if erased else registry


def load_registry(folder: Path) -> Registry:
    """Read and check all seeds in `folder`, as they are.

    A wrong row that belongs to a building disables that building (`Registry.wrong`). Raises
    ConfigurationError at the first wrong row of a shared seed.
    """
    return _load_registry(folder, _stamp(folder))


def _stamp(folder: Path) -> object:
    return tuple((path.name, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.csv")))


@functools.lru_cache(maxsize=4)
def _load_registry(folder: Path, stamp: object) -> Registry:  # noqa: ARG001  # the key of the cache
    owners = Owners.read(folder)
    invalid, contradicting = Problems(owners.buildings), Problems(owners.buildings)

    def rows(file: str, row_type: type[R], key: str = "") -> tuple[R, ...]:
        return read_rows_of_buildings(folder / file, row_type, owners, invalid, key)

    registry = Registry(
        folder=folder,
        buildings=read_buildings(folder / "buildings_config.csv", owners, invalid),
        file_formats=rows("file_formats.csv", FileFormat, "format"),
        datasources=rows("datasources_config.csv", Datasource, "datasource_id"),
        datasource_mappings=rows("datasource_mappings.csv", DatasourceMapping),
        sensor_mappings=tuple(
            one for row in rows("sensor_mappings.csv", SensorMapping) for one in row.expanded
        ),
        http_requests=rows("http_requests.csv", HttpRequest, "datasource_id file"),
        sql_tables=rows("sql_tables.csv", SqlTable, "datasource_id file"),
        sql_columns=rows("sql_columns.csv", SqlColumn, "datasource_id table column"),
        file_checks=rows("file_checks.csv", FileCheck, "datasource_id check"),
        hand_over_files=rows("hand_over_files.csv", HandOverFile, "file"),
        fact_columns=rows("fact_columns.csv", FactColumn, "building_id fact column measurement"),
        tariffs=rows("tariffs.csv", Tariff),
        forecasts=rows("forecasts.csv", Forecast, "forecast_id"),
        register_keys=rows("register_keys.csv", RegisterKey, "node_id table"),
        register_references=rows("register_references.csv", RegisterReference, "building_id"),
        measurements=tuple(read_rows(folder / "measurements.csv", Measurement, "measurement")),
        locations=rows("location_map.csv", PublicLocation, "building_id location"),
        publications=tuple(read_rows(folder / "publications.csv", Publication, "publication_id")),
        labels=tuple(read_rows(folder / "labels.csv", Label, "kind name")),
        grants=tuple(read_rows(folder / "grants.csv", Grant, "principal scope scope_id right")),
        withdrawals=tuple(read_rows(folder / "withdrawals.csv", Withdrawal, "sha256")),
        roots=Roots.read(folder / "building_hierarchy.csv"),
    )
    check_grants(registry)
    registry = registry.without_examples()
    cross_check(registry, owners, contradicting)
    # an invalid row contradicts others because it is missing: what is wrong is the row itself
    wrong = {**contradicting.by_building, **invalid.by_building}
    return replace(
        registry,
        wrong={
            building_id: tuple(errors)
            for building_id, errors in sorted(wrong.items())
            if building_id not in registry.examples
        },
    )
