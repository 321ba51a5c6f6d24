"""All seeds as typed rows, and what they say together: which buildings and datasources are read,
published, in use.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from functools import partial
from pathlib import Path

from include.core.drives import below
from include.core.errors import ConfigurationError
from include.core.paths import DEFAULT_PUBLICATION
from include.registry.cells import EXAMPLE
from include.registry.fact_rows import FactColumn, Tariff
from include.registry.forecast_rows import Forecast
from include.registry.register_rows import RegisterKey, RegisterReference
from include.registry.rows import (
    Building,
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
    Row,
    SensorMapping,
    SqlColumn,
    SqlTable,
    Withdrawal,
)
from include.registry.seeds import R, Roots, refuse


@dataclass(frozen=True)
class Registry:
    """All valid seed rows of one project. Build it with `load_registry`, which checks them.

    `wrong` are the buildings that have a wrong row: this run reads nothing of them, and what was
    published of them stays. `examples` are those whose rows are left out, `erased` nodes of the
    hierarchy of which the same is true (erased.py); `erased_files` are locations and regexes of
    names of the files that stay there, and are nobody's.
    """

    folder: Path
    buildings: tuple[Building, ...]
    file_formats: tuple[FileFormat, ...]
    datasources: tuple[Datasource, ...]
    datasource_mappings: tuple[DatasourceMapping, ...]
    sensor_mappings: tuple[SensorMapping, ...]
    measurements: tuple[Measurement, ...]
    locations: tuple[PublicLocation, ...]
    http_requests: tuple[HttpRequest, ...] = ()
    sql_tables: tuple[SqlTable, ...] = ()
    sql_columns: tuple[SqlColumn, ...] = ()
    file_checks: tuple[FileCheck, ...] = ()
    hand_over_files: tuple[HandOverFile, ...] = ()
    fact_columns: tuple[FactColumn, ...] = ()
    tariffs: tuple[Tariff, ...] = ()
    register_keys: tuple[RegisterKey, ...] = ()
    register_references: tuple[RegisterReference, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    publications: tuple[Publication, ...] = ()
    grants: tuple[Grant, ...] = ()
    labels: tuple[Label, ...] = ()
    roots: Roots = field(default_factory=lambda: Roots({}), repr=False)
    wrong: dict[str, tuple[ConfigurationError, ...]] = field(default_factory=dict)
    examples: frozenset[str] = frozenset()
    erased: frozenset[str] = frozenset()
    erased_files: tuple[tuple[str, str], ...] = ()
    whole: "Registry | None" = field(default=None, repr=False, compare=False)

    def only(self, building_ids: Collection[str]) -> "Registry":
        """The rows of these buildings, as if there were no others; `of_all` is what it was made
        from.

        Of the measurements those stay out that only other buildings have.
        """
        ids = frozenset(building_ids)
        own = {row.datasource_id for row in self.datasources if row.building_id in ids}
        others = self._measurements_of(lambda name: name not in own)
        others -= self._measurements_of(own.__contains__)
        formats = {row.format for row in self.datasources if row.building_id in ids}
        return replace(
            self._where(ids.__contains__, own.__contains__),
            file_formats=tuple(row for row in self.file_formats if row.format in formats),
            measurements=tuple(row for row in self.measurements if row.measurement not in others),
            wrong={name: errors for name, errors in self.wrong.items() if name in ids},
            whole=self.of_all,
        )

    def without_datasources(self, ids: Collection[str]) -> "Registry":
        """The rows without those of these datasources."""
        left = self._where(lambda _: True, lambda name: name not in ids)
        return replace(
            left, datasources=tuple(row for row in self.datasources if row.datasource_id not in ids)
        )

    def without_examples(self) -> "Registry":
        """The rows without those of examples, and without what only examples use."""
        ids = frozenset(row.building_id for row in self.buildings if row.status == EXAMPLE)
        if not ids:
            return self
        theirs = {row.datasource_id for row in self.datasources if row.building_id in ids}
        left = self._where(lambda name: name not in ids, lambda name: name not in theirs)
        measured = self._measurements_of(theirs.__contains__) - left._measurements_of()
        formats = {row.format for row in self.datasources if row.building_id in ids}
        formats -= {row.format for row in left.datasources}
        return replace(
            left,
            examples=ids,
            file_formats=tuple(row for row in self.file_formats if row.format not in formats),
            measurements=tuple(row for row in self.measurements if row.measurement not in measured),
        )

    def _where(
        self, has_building: Callable[[str], bool], has_datasource: Callable[[str], bool]
    ) -> "Registry":
        """The rows whose building, or else whose datasource, is one of these."""
        return replace(
            self,
            buildings=tuple(row for row in self.buildings if has_building(row.building_id)),
            datasources=tuple(row for row in self.datasources if has_building(row.building_id)),
            datasource_mappings=_of(self.datasource_mappings, has_datasource),
            sensor_mappings=_of(self.sensor_mappings, has_datasource),
            http_requests=_of(self.http_requests, has_datasource),
            sql_tables=_of(self.sql_tables, has_datasource),
            sql_columns=_of(self.sql_columns, has_datasource),
            file_checks=_of(self.file_checks, has_datasource),
            locations=tuple(row for row in self.locations if has_building(row.building_id)),
            hand_over_files=tuple(
                row for row in self.hand_over_files if has_building(row.building_id)
            ),
            fact_columns=tuple(row for row in self.fact_columns if has_building(row.building_id)),
            tariffs=tuple(row for row in self.tariffs if has_building(row.building_id)),
            forecasts=tuple(row for row in self.forecasts if has_building(row.building_id)),
            register_keys=tuple(row for row in self.register_keys if has_building(row.building_id)),
            register_references=tuple(
                row for row in self.register_references if has_building(row.building_id)
            ),
        )

    def _measurements_of(self, has_datasource: Callable[[str], bool] = lambda _: True) -> set[str]:
        """The measurements that rows of these datasources name, and the amounts made of them."""
        rows: list[DatasourceMapping | SensorMapping] = [
            *self.datasource_mappings,
            *self.sensor_mappings,
        ]
        named = {row.measurement for row in rows if has_datasource(row.datasource_id)}
        return named | {row.amount for row in self.measurements if row.measurement in named}

    @functools.cached_property
    def _accumulating(self) -> dict[str, list[Measurement]]:
        """Building → its measurements of which amounts are made."""
        rows = {row.measurement: row for row in self.measurements if row.makes_amounts}
        found: dict[str, dict[str, Measurement]] = {}
        for datasource in self.datasources:
            for mapping in self._mappings.get(datasource.datasource_id, ()):
                if row := rows.get(getattr(mapping, "measurement", "")):
                    found.setdefault(datasource.building_id, {})[row.measurement] = row
        return {
            building_id: [named[name] for name in sorted(named)]
            for building_id, named in found.items()
        }

    @property
    def not_aggregated(self) -> list[str]:
        """The measurements whose amounts are aggregated, and not their readings."""
        return [row.measurement for row in self.of_all.measurements if not row.is_aggregated]

    def makes_amounts(self, building_id: str) -> bool:
        """Whether a building has readings of which amounts are made."""
        return building_id in self._accumulating

    @functools.cached_property
    def _of_facts(self) -> dict[str, list[Row]]:
        """Building → the rows that its facts are made by."""
        found: dict[str, list[Row]] = {}
        rows: tuple[FactColumn | Tariff, ...] = (*self.fact_columns, *self.tariffs)
        for row in rows:
            found.setdefault(row.building_id, []).append(row)
        return found

    def makes_facts(self, building_id: str) -> bool:
        """Whether rows say what feeds the facts of a building."""
        return any(isinstance(row, FactColumn) for row in self._of_facts.get(building_id, ()))

    def has(self, building_id: str) -> bool:
        """Whether there is a row of that building."""
        return any(row.building_id == building_id for row in self.buildings)

    def check_building(self, building_id: str) -> None:
        """Raise ConfigurationError if a run is asked for a building that has no row."""
        if not self.has(building_id):
            raise ConfigurationError(
                f"there is no building {building_id!r}",
                where="parameter building",
                cure=f"choose one of: {', '.join(row.building_id for row in self.buildings)}",
            )

    def labels_of(self, *kinds: str) -> dict[str, dict[str, dict[str, str]]]:
        """What things of these kinds are called, by kind, name and language."""
        found: dict[str, dict[str, dict[str, str]]] = {kind: {} for kind in kinds}
        for row in self.labels:
            if row.kind in found:
                found[row.kind][row.name] = row.texts
        return found

    @property
    def of_all(self) -> "Registry":
        """The rows of all buildings, for what is made of them at once."""
        return self.whole or self

    @functools.cached_property
    def restricted(self) -> frozenset[str]:
        """The buildings of which nothing may be public."""
        closed = [row for row in self.publications if row.access == "restricted"]
        ids = (row.building_id for row in self.of_all.buildings)
        return frozenset(name for name in ids if any(row.names(name) for row in closed))

    def redacted(self, building_id: str, error: ConfigurationError) -> str:
        """A wrong row as logs and pages may have it: of a restricted building, only where it is."""
        return error.where if building_id in self.restricted else str(error)

    def title_of(self, datasource: Datasource) -> str:
        """What a datasource is called on pages."""
        is_restricted = datasource.building_id in self.restricted
        return datasource.datasource_id if is_restricted else datasource.name

    def buildings_of(self, publication: Publication) -> frozenset[str]:
        """The buildings that a publication holds, whatever their status."""
        found = {row.building_id for row in self.buildings if publication.names(row.building_id)}
        if publication.access == "grouped":
            return frozenset(found & self.restricted)
        return frozenset(found - self.restricted if publication.access == "public" else found)

    @staticmethod
    def place_of(publication: Publication, publish_remote: str) -> str:
        """Where a publication is written: an rclone path."""
        if publication.location or publication.publication_id == DEFAULT_PUBLICATION:
            return publication.location or publish_remote
        return below(publish_remote, f"publications/{publication.publication_id}")

    def publication(self, publication_id: str) -> Publication:
        """The publication of that id. Raises ConfigurationError if there is none."""
        return _known(self.publications, "publication_id", publication_id, "publications.csv")

    def building(self, building_id: str) -> Building:
        """The building of that id. Raises ConfigurationError if there is none."""
        return _known(self.buildings, "building_id", building_id, "buildings_config.csv")

    def datasource(self, datasource_id: str) -> Datasource:
        """The datasource of that id. Raises ConfigurationError if there is none."""
        return _known(self.datasources, "datasource_id", datasource_id, "datasources_config.csv")

    def datasources_of(self, building_id: str) -> tuple[Datasource, ...]:
        """The datasources of a building, in the order of the seed."""
        return tuple(self._datasources.get(building_id, ()))

    @functools.cached_property
    def _datasources(self) -> dict[str, list[Datasource]]:
        found: dict[str, list[Datasource]] = {}
        for row in self.datasources:
            found.setdefault(row.building_id, []).append(row)
        return found

    def format_of(self, datasource: Datasource) -> FileFormat:
        """The file format of a datasource."""
        return _known(self.file_formats, "format", datasource.format, "file_formats.csv")

    def mappings_of(self, datasource: Datasource) -> tuple[DatasourceMapping, ...]:
        """How the columns of a datasource are read."""
        return tuple(
            row for row in self.datasource_mappings if row.datasource_id == datasource.datasource_id
        )

    def requests_of(self, datasource: Datasource) -> tuple[HttpRequest, ...]:
        """What a datasource asks of its address; none where files lie at its location."""
        return tuple(
            row for row in self.http_requests if row.datasource_id == datasource.datasource_id
        )

    def sql_tables_of(self, datasource: Datasource) -> tuple[SqlTable, ...]:
        """The tables that are read from a datasource's database; none where it is none."""
        return tuple(
            row for row in self.sql_tables if row.datasource_id == datasource.datasource_id
        )

    def sql_columns_of(self, table: SqlTable) -> tuple[SqlColumn, ...]:
        """The columns of a table that may be selected."""
        place = table.datasource_id, table.table
        return tuple(row for row in self.sql_columns if (row.datasource_id, row.table) == place)

    def checks_of(self, datasource: Datasource) -> tuple[FileCheck, ...]:
        """What is usual in files of a datasource."""
        return tuple(
            row for row in self.file_checks if row.datasource_id == datasource.datasource_id
        )

    def retention_months(self, datasource: Datasource) -> int:
        """Whole months before the current one whose readings of a datasource are in a release."""
        if datasource.retention_months is not None:
            return datasource.retention_months
        return self.building(datasource.building_id).retention_months

    def public_location(self, building_id: str, location: str) -> str:
        """The name under which a location is published; its own where location_map.csv gives no
        other.
        """
        return self._public_locations.get((building_id, location), location)

    @functools.cached_property
    def _public_locations(self) -> dict[tuple[str, str], str]:
        return {(row.building_id, row.location): row.public_location for row in self.locations}

    def withdrawn(self, as_of: datetime) -> dict[str, Withdrawal]:
        """The file versions that a run as of that time may not use, by digest."""
        return {
            row.sha256: row
            for row in self.withdrawals
            if datetime.combine(row.since, time.min, UTC) <= as_of
        }

    @functools.cached_property
    def active_buildings(self) -> tuple[Building, ...]:
        """The buildings that are read and monitored."""
        return tuple(
            row
            for row in self.buildings
            if row.status == "active" and row.building_id not in self.wrong
        )

    @functools.cached_property
    def published_buildings(self) -> tuple[Building, ...]:
        """The buildings whose data are public: also those that are not read any more, or not in
        this run.
        """
        return tuple(row for row in self.buildings if row.status in ("active", "disabled"))

    @functools.cached_property
    def built_buildings(self) -> tuple[Building, ...]:
        """The published buildings whose months follow their inputs; those of a wrong one stay as
        they are.
        """
        return tuple(row for row in self.published_buildings if row.building_id not in self.wrong)

    @functools.cached_property
    def active_datasources(self) -> tuple[Datasource, ...]:
        """Those that are read, of buildings that are read."""
        active = {building.building_id for building in self.active_buildings}
        return tuple(
            row for row in self.datasources if row.status == "active" and row.building_id in active
        )

    def schedules(self, *more: str) -> list[str]:
        """The crons by which buildings are read, and these, each once."""
        return sorted({*more, *(row.schedule for row in self.active_buildings if row.schedule)})

    def neighbours_of(self, datasource: Datasource) -> tuple[Datasource, ...]:
        """The datasources that read the same place, itself among them."""
        return tuple(row for row in self.active_datasources if row.location == datasource.location)

    def shares(self, most: int) -> dict[str, list[Datasource]]:
        """All datasources in at most so many shares, by a name for each: one each if they are few,
        else those of buildings that follow one another.
        """
        if len(self.datasources) <= most:
            return {row.datasource_id: [row] for row in self.datasources}
        names = sorted({row.building_id for row in self.datasources})
        size = -(-len(names) // most)
        found = {}
        for first in range(0, len(names), size):
            own = names[first : first + size]
            name = own[0] if len(own) == 1 else f"{own[0]}-to-{own[-1]}"
            found[name] = [row for row in self.datasources if row.building_id in own]
        return found

    @functools.cached_property
    def planned_datasources(self) -> tuple[Datasource, ...]:
        """Those of which nothing was ever read: nothing of them is published."""
        return tuple(row for row in self.datasources if row.status == "planned")

    def reads(self, datasource_id: str) -> bool:
        """Whether the datasource is read in this run: it is active, and so is its building."""
        return any(row.datasource_id == datasource_id for row in self.active_datasources)

    def uses(self, building_id: str, datasource_id: str) -> bool:
        """Whether files of the datasource are in use: neither it nor its building was removed from
        the seeds, and it belongs to that building still.

        A datasource of a building with a wrong row may be missing only because its row is invalid.
        """
        buildings, datasources = self._in_use
        return building_id in buildings and (
            (building_id, datasource_id) in datasources or building_id in self.wrong
        )

    @functools.cached_property
    def _in_use(self) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
        """The buildings, and the datasources with theirs, that were not removed."""
        return (
            frozenset(row.building_id for row in self.buildings if row.status != "removed"),
            frozenset(
                (row.building_id, row.datasource_id)
                for row in self.datasources
                if row.status != "removed"
            ),
        )

    def why_not_read(self, datasource: Datasource) -> str:
        """Why a datasource is not read in this run; empty if it is."""
        if datasource in self.active_datasources:
            return ""
        if errors := self.wrong.get(datasource.building_id):
            what = self.redacted(datasource.building_id, errors[0])
            return f"{datasource.building_id} is disabled for this run by a wrong row: {what}"
        building = self.building(datasource.building_id)
        name, status = (
            (datasource.datasource_id, datasource.status)
            if building.status == "active"
            else (building.building_id, building.status)
        )
        return f"the status of {name} is {status}"

    def check_locations(self, state_remote: str, publish_remote: str) -> None:
        """Our own output must not come back as input: no datasource may read a folder that holds a
        remote of ours. And nothing restricted may be written where the public reads.
        """
        places = {row: self.place_of(row, publish_remote) for row in self.publications}
        remotes = (state_remote, publish_remote, *places.values())
        public = [place for row, place in places.items() if row.access != "restricted"]
        for row, place in places.items():
            if row.access == "restricted" and any(map(partial(_overlap, place), public)):
                refuse(
                    "publications.csv",
                    row,
                    "location",
                    f"{place} is restricted, and inside of a public place or around one",
                    "name an rclone path that only its readers can read",
                )
        for datasource in self.active_datasources:
            folder = datasource.location.rstrip("/")
            for remote in remotes:
                if remote == folder or remote.startswith(
                    folder if folder.endswith(":") else f"{folder}/"
                ):
                    refuse(
                        "datasources_config.csv",
                        datasource,
                        "location",
                        f"{datasource.location} contains {remote}, where the platform writes",
                        "put the raw files into a folder of their own",
                    )

    @functools.cached_property
    def _mappings(self) -> dict[str, list[Row]]:
        """The rows that say what a datasource's values mean: to look through those of all for each
        building would cost the square of their number.
        """
        found: dict[str, list[Row]] = {}
        for column in self.datasource_mappings:
            found.setdefault(column.datasource_id, []).append(column)
        for sensor in self.sensor_mappings:
            found.setdefault(sensor.datasource_id, []).append(sensor)
        return found

    @property
    def fingerprint(self) -> str:
        """Hash of all seeds as they are on the disk, and of what is left out of them."""
        return hashlib.sha256(
            b"".join(path.read_bytes() for path in sorted(self.folder.glob("*.csv")))
            + "\n".join(sorted(self.erased)).encode()
        ).hexdigest()

    def fingerprint_of(self, building_id: str) -> str:
        """Hash of every row that can touch a building's numbers; thresholds and names of people's
        choice stay out.
        """
        datasources = {
            row.datasource_id for row in self.datasources if row.building_id == building_id
        }
        formats = {row.format for row in self.datasources if row.building_id == building_id}
        touching: list[Row] = [
            *(row for row in self.file_formats if row.format in formats),
            *(row for name in datasources for row in self._mappings.get(name, ())),
            *(row for row in self.locations if row.building_id == building_id),
            *self._of_facts.get(building_id, ()),
        ]
        # a column that a later version adds, empty, changes nothing
        dumped = (row.model_dump(mode="json", exclude_defaults=True) for row in touching)
        facts = sorted(json.dumps(row, sort_keys=True) for row in dumped)
        facts.append(self.building(building_id).timezone)
        unit_of = {row.measurement: row.unit for row in self.measurements}
        if any(getattr(row, "unit", "") for row in touching):  # values are converted
            facts += sorted(f"{row.measurement} {row.unit}" for row in self.measurements)
        facts += [
            f"{row.measurement} {row.unit} {row.kind} {row.amount} {unit_of.get(row.amount)}"
            for row in self._accumulating.get(building_id, ())
        ]
        if self.makes_facts(building_id):
            facts += sorted(
                f"{row.datasource_id} {row.interval_minutes}"
                for row in self.datasources
                if row.building_id == building_id
            )
        facts += sorted(
            f"{row.datasource_id} {row.timezone}"
            for row in self.datasources
            if row.building_id == building_id
        )
        return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _overlap(one: str, other: str) -> bool:
    """Whether one of two rclone paths is the other, or below it."""
    first, second = (
        path if path.endswith(":") else f"{path.rstrip('/')}/" for path in (one, other)
    )
    return first.startswith(second) or second.startswith(first)


def _of(rows: Iterable[R], has_datasource: Callable[[str], bool]) -> tuple[R, ...]:
    return tuple(row for row in rows if has_datasource(getattr(row, "datasource_id", "")))


def _known(rows: Iterable[R], column: str, value: str, file: str) -> R:
    """The row that files in the ledger refer to; it may be switched off, but not taken away from
    under them.
    """
    for row in rows:
        if getattr(row, column) == value:
            return row
    raise ConfigurationError(
        f"{value!r} has no row, and the ledger knows files of it",
        where=f"{file}, column {column}",
        cure="restore the row; to stop reading it, set its status to disabled",
    )
