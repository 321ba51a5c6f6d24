"""Reads seeds row by row, and finds which building a wrong row belongs to."""

import contextlib
import csv
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar

from pydantic import ValidationError

from include.core.errors import ConfigurationError
from include.registry.rows import Building, Row

R = TypeVar("R", bound=Row)

# Replaces an invalid cell of buildings_config.csv: what was published of the building stays public,
# and needs its row.
NEUTRAL = {
    "timezone": "UTC",
    "latitude": "",
    "longitude": "",
    "retention_months": "2",
    "on_refusal": "publish",
    "schedule": "",
    "notify": "",
    "status": "disabled",
    "country": "",
}


@dataclass
class Problems:
    """Errors by the building that they disable.

    An error that belongs to no known building is raised: it stops everything.
    """

    buildings: Collection[str]
    by_building: dict[str, list[ConfigurationError]] = field(default_factory=dict)

    @contextlib.contextmanager
    def of(self, owners: Collection[str]) -> Iterator[None]:
        """Keep an error of the block for its buildings; raise it if it is of no known one."""
        try:
            yield
        except ConfigurationError as error:
            if not owners or not set(owners) <= set(self.buildings):
                raise
            for building_id in owners:
                self.by_building.setdefault(building_id, []).append(error)


class Owned(Protocol):
    """Finds the buildings that a row belongs to; none if it belongs to all, or to one that nobody
    knows.
    """

    def of(self, row: Row | Mapping[str, Any]) -> frozenset[str]:
        """The buildings that a row belongs to."""


@dataclass(frozen=True)
class Owners:
    """The buildings that a row belongs to, found by its cells alone, since the row itself may be
    invalid.
    """

    buildings: frozenset[str]
    building_of: dict[str, str]  # datasource_id → building_id
    users: dict[str, frozenset[str]]  # format → building_ids

    @classmethod
    def read(cls, folder: Path) -> "Owners":
        """From the cells of the seeds, valid or not."""
        datasources = [cells for _, cells in read_cells(folder / "datasources_config.csv")]
        formats = {cells.get("format", "") for cells in datasources}
        return cls(
            frozenset(
                cells["building_id"]
                for _, cells in read_cells(folder / "buildings_config.csv")
                if cells.get("building_id")
            ),
            {
                cells.get("datasource_id", ""): cells.get("building_id", "")
                for cells in reversed(datasources)
            },  # of equal ids the first counts
            {
                name: frozenset(
                    cells.get("building_id", "")
                    for cells in datasources
                    if cells.get("format") == name
                )
                for name in formats
            },
        )

    def of(self, row: Row | Mapping[str, Any]) -> frozenset[str]:
        """The buildings that a row belongs to."""
        cells = row.__dict__ if isinstance(row, Row) else row
        if "building_id" in cells:
            return frozenset([cells["building_id"]])
        if "datasource_id" in cells:
            return frozenset([self.building_of.get(cells["datasource_id"], "")])
        return self.users.get(cells.get("format", ""), frozenset())


@dataclass(frozen=True)
class Roots:
    """The building at the root of a node of the hierarchy, found by ids alone, since rows may be
    invalid.
    """

    parents: dict[str, str]  # node → the node that it lies in; empty for a building
    names: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    moved: frozenset[str] = frozenset()  # nodes that are in several places, one after the other

    @classmethod
    def read(cls, path: Path) -> "Roots":
        """From the cells of the seed, valid or not."""
        rows = [cells for _, cells in read_cells(path)]
        ids = [cells.get("id") or "" for cells in rows]
        return cls(
            {cells.get("id") or "": cells.get("parent_id") or "" for cells in reversed(rows)},
            {cells.get("id") or "": cells.get("name") or "" for cells in reversed(rows)},
            {cells.get("id") or "": cells.get("type") or "" for cells in reversed(rows)},
            frozenset(name for name, count in Counter(ids).items() if count > 1),
        )  # of equal ids the first counts

    def below(self, node: str) -> frozenset[str]:
        """The node and all that lie in it."""
        inside: dict[str, list[str]] = {}
        for child, parent in self.parents.items():
            inside.setdefault(parent, []).append(child)
        found, left = set[str](), [node]
        while left:
            found.add(this := left.pop())
            left += [child for child in inside.get(this, ()) if child not in found]
        return frozenset(found)

    def without(self, nodes: Collection[str]) -> "Roots":
        """The others."""
        kept = {node: parent for node, parent in self.parents.items() if node not in nodes}
        return replace(self, parents=kept)

    def building_of(self, node: str) -> str:
        """The node at its root; where rows go in a circle, one of them."""
        seen = {node}
        while (parent := self.parents.get(node)) and parent not in seen:
            node = parent
            seen.add(node)
        return node

    def of(self, row: Row | Mapping[str, Any]) -> frozenset[str]:
        """The buildings that a row belongs to."""
        cells = row.__dict__ if isinstance(row, Row) else row
        if "parent_id" in cells:
            node = cells["parent_id"] or cells["id"]
        else:
            node = cells["zone_id"] if "zone_id" in cells else cells["from_id"]
        return frozenset([self.building_of(node)])


def read_rows(path: Path, row_type: type[R], key: str = "") -> Iterator[R]:
    """The rows of one seed, each checked by itself.

    Raises ConfigurationError at the first that is invalid.

    `key`: the columns, joined by a space, that only one row may have the same values in.
    """
    seen: dict[object, int] = {}
    for line, cells in read_cells(path, row_type):
        yield _row(path, line, cells, row_type, key, seen)


def read_rows_of_buildings(
    path: Path, row_type: type[R], owners: Owned, problems: Problems, key: str = ""
) -> tuple[R, ...]:
    """The valid rows of one seed; what is wrong with the others is recorded for their buildings."""
    rows, seen = [], dict[object, int]()
    for line, cells in read_cells(path, row_type):
        with problems.of(owners.of(cells)):
            rows.append(_row(path, line, cells, row_type, key, seen))
    return tuple(rows)


def read_buildings(path: Path, owners: Owners, problems: Problems) -> tuple[Building, ...]:
    """The rows of buildings_config.csv.

    Invalid cells are replaced, so that what was published of the building can stay.
    """
    rows = {
        row.building_id: row
        for row in read_rows_of_buildings(path, Building, owners, problems, "building_id")
    }
    for line, cells in read_cells(path, Building):
        if cells["building_id"] not in rows:
            rows |= {row.building_id: row for row in _with_neutral_cells(line, cells)}
    return tuple(sorted(rows.values(), key=lambda row: row.line))


def _with_neutral_cells(line: int, cells: dict[str, str]) -> list[Building]:
    """The row with what is valid of it; none if its id is invalid, since nothing was ever published
    under it.
    """
    known = {
        name: value
        for name, value in cells.items()
        if name in Building.model_fields and value is not None
    }
    neutral = {**NEUTRAL, "name": cells["building_id"], "licence": "LicenseRef-unknown"}
    try:
        return [Building.model_validate({"line": line, **neutral, **known})]
    except ValidationError as error:
        invalid = {str(one["loc"][0]) for one in error.errors()}
    if "building_id" in invalid:
        return []
    return [
        Building.model_validate(
            {
                "line": line,
                **neutral,
                **{name: value for name, value in known.items() if name not in invalid},
            }
        )
    ]


def read_cells(
    path: Path, row_type: type[Row] | None = None
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a seed as text, each with its line.

    Raises ConfigurationError if the file or its header is wrong.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            expected = (
                [
                    field.alias or name
                    for name, field in row_type.model_fields.items()
                    if name != "line"
                ]
                if row_type
                else reader.fieldnames
            )
            if reader.fieldnames != expected:
                raise ConfigurationError(
                    f"the columns are {reader.fieldnames}",
                    where=f"{path.name}, line 1",
                    cure=f"they must be {','.join(expected or ())}",
                )
            for cells in reader:
                yield reader.line_num, cells
    except FileNotFoundError:
        raise ConfigurationError(
            f"the seed {path.name} is missing", where=str(path), cure="restore it from git"
        ) from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"not a CSV file in UTF-8: {error}",
            where=path.name,
            cure="save it as CSV in UTF-8; quote cells that contain commas",
        ) from None


def _row(
    path: Path,
    line: int,
    cells: dict[str, Any],
    row_type: type[R],
    key: str,
    seen: dict[object, int],
) -> R:
    where = f"{path.name}, line {line}"
    missing = {column for column, cell in cells.items() if cell is None}
    if None in cells or not missing <= _optional(row_type):
        raise ConfigurationError(
            "the row has more or fewer cells than the header",
            where=where,
            cure="quote cells that contain commas",
        )
    cells = {column: cell for column, cell in cells.items() if column not in missing}
    values = tuple(cells[column] for column in key.split())
    if values and (earlier := seen.setdefault(values, line)) != line:
        raise ConfigurationError(
            f"{values[-1]!r} is already in line {earlier}",
            where=f"{where}, column {key.split()[-1]}",
            cure="remove one of them, or give it another name",
        )
    try:
        return row_type.model_validate({"line": line, **cells})
    except ValidationError as error:
        first = error.errors()[0]
        column = str(first["loc"][0])
        raise ConfigurationError(
            f"{cells.get(column)!r} is not valid in column {column}:"
            f" {first['msg'].removeprefix('Value error, ')}",
            where=f"{where}, column {column}",
            cure="correct the cell; docs/data_dictionary.md explains every column",
        ) from None


def _optional(row_type: type[Row]) -> set[str]:
    """The columns that a row may leave out at its end."""
    fields = row_type.model_fields.items()
    return {name for name, field in fields if name != "line" and not field.is_required()}


def refuse(file: str, row: Row, column: str, what: str, cure: str) -> NoReturn:
    """Raise ConfigurationError at a cell."""
    raise ConfigurationError(what, where=f"{file}, line {row.line}, column {column}", cure=cure)
