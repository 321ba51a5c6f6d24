"""What a file is compared with: the declarations of its datasource, and what else a verdict depends
on.
"""

import functools
import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from include.registry import Registry
from include.registry.cells import MIDNIGHT
from include.registry.rows import Datasource, DatasourceMapping, FileFormat, SqlColumn, SqlTable

READ_AS = 2  # one more, and all files are read again


def means(declared: str, name: str) -> bool:
    """Whether a column of a file is a declared one: a name, names with `|` between, or a regex.

    A declaration with `(` and without a backslash is names, such as `Relative_Humidity(%)`.
    """
    if name in declared.split("|"):
        return True
    is_names = "(" in declared and "\\" not in declared
    return not is_names and re.fullmatch(declared, name) is not None


def described_by(
    column: str, mappings: Collection[DatasourceMapping]
) -> tuple[DatasourceMapping, ...]:
    """The rows that describe a column of values: those that name it, else those whose regex it
    matches.
    """
    by_name = tuple(row for row in mappings if column == row.value_column)
    return by_name or tuple(row for row in mappings if means(row.value_column, column))


@dataclass(frozen=True)
class Declared:
    """The declarations of one datasource that a file is compared with."""

    datasource: Datasource
    building_timezone: str
    format: FileFormat
    mappings: tuple[DatasourceMapping, ...]
    raw_names: frozenset[str]
    mapped_names: frozenset[str]
    tables: dict[str, tuple[SqlTable, tuple[SqlColumn, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, registry: Registry, datasource: Datasource) -> "Declared":
        """What the seeds declare of a datasource."""
        rows = [
            row for row in registry.sensor_mappings if row.datasource_id == datasource.datasource_id
        ]
        names, mapped = (
            frozenset(row.raw_name for row in rows),
            frozenset(row.raw_name for row in rows if row.disposition == "mapped"),
        )
        zone = registry.building(datasource.building_id).timezone
        tables = {
            table.file: (table, registry.sql_columns_of(table))
            for table in registry.sql_tables_of(datasource)
            if table.published
        }
        return cls(
            datasource,
            zone,
            registry.format_of(datasource),
            registry.mappings_of(datasource),
            names,
            mapped,
            tables,
        )

    @property
    def timestamp_columns(self) -> list[str]:
        """The raw columns that make up a timestamp: one, or date and time."""
        return [name for name in self._timestamp_parts if name != MIDNIGHT]

    @property
    def is_midnight(self) -> bool:
        """Whether times are dates alone, each of the midnight that its day begins with."""
        return MIDNIGHT in self._timestamp_parts

    @property
    def _timestamp_parts(self) -> list[str]:
        return self.mappings[0].timestamp_column.split("+")

    @property
    def device_columns(self) -> list[str]:
        """The columns whose texts, joined by /, name the device; none if there are none."""
        column = self.mappings[0].location_column.replace("{device}", "")
        return column.split("+") if column else []

    @property
    def measurement_column(self) -> str:
        """The raw column that names the measurement of a line; empty in wide files."""
        return self.mappings[0].measurement_column

    @property
    def key_columns(self) -> list[str]:
        """Columns that say when and of what, and hold no values."""
        return self.timestamp_columns + [
            name for name in (*self.device_columns, self.measurement_column) if name
        ]

    @property
    def named_columns(self) -> frozenset[str]:
        """Every column that the declarations name, without those that only a regex describes."""
        values = (name for row in self.mappings for name in row.value_column.split("|"))
        return frozenset((*self.key_columns, *values, *self.datasource.required_columns))

    def is_measured(self, column: str, device: str) -> bool:
        """Whether cells of a value column are readings; in a file of many devices, whether those of
        some device may be.
        """
        if not described_by(column, self.mappings):
            return False
        return (
            bool(self.device_columns or self.measurement_column)
            or (device or column) in self.mapped_names
        )

    @functools.cached_property
    def fingerprint(self) -> str:
        """Hash of everything that decides how a file is read: if it differs, files are read
        again.
        """
        tables = [
            row.model_dump(mode="json")
            for table, columns in self.tables.values()
            for row in (table, *columns)
        ]
        if not self.mappings:
            return _hash([READ_AS, tables])
        facts = [
            READ_AS,
            *([tables] if tables else []),
            self.format.model_dump(mode="json", exclude_defaults=True),
            {
                "file_pattern": self.datasource.file_regex,
                **self.datasource.model_dump(
                    mode="json", include={"timezone", "earliest", "interval_minutes", "sensitive"}
                ),
                **self.datasource.model_dump(include={"horizon_hours"}, exclude_defaults=True),
            },
            self.building_timezone,
            [*self._timestamp_parts, self.mappings[0].location_column, self.measurement_column],
        ]
        return _hash(facts)


def _hash(facts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Circumstances:
    """What a verdict depends on apart from file and declarations.

    Attributes:
        as_of: now; later readings are rejected, and judged again when their time has come.
        others: for each device, the date formats that its files have proven by themselves.
        skipped: checks that this run skips.
    """

    as_of: datetime
    others: dict[str, tuple[str, ...]] = field(default_factory=dict)
    skipped: Collection[str] = ()
