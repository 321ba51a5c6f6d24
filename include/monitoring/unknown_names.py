"""Names in accepted files without a seed row: their cells are counted as unmapped, and not
published.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from include.core.plain_text import counted, shortened, some
from include.formats.declared import means
from include.ledger.ledger import FileVersion
from include.monitoring.causes import Cause
from include.monitoring.seed_rows import block, column_row, is_described, sensor_row
from include.registry import Registry
from include.registry.rows import Datasource

NAMES = 5  # in the evidence
LONGEST_NAME = 100  # characters of each


@dataclass(frozen=True, order=True)
class Unknown:
    """A raw name and the column of its cells; where columns are the raw names, both are the same.

    `missing` is the seed that has no row, or `period` if its rows hold for other dates.
    """

    missing: Literal["sensor", "column", "period"]
    name: str
    column: str

    @property
    def shown(self) -> str:
        """The name as people read it."""
        return shortened(self.column if self.missing == "column" else self.name, LONGEST_NAME)


def unknown_names(
    registry: Registry,
    versions: list[FileVersion],
    recent: list[FileVersion],
    accounting: list[dict[str, Any]],
) -> Iterator[Cause]:
    """One cause for all files that hold the same unknown names, if a recent one is among them."""
    texts: dict[tuple[str, int], set[str]] = {}
    for row in accounting:  # one for each month of a file
        key = row["building_id"], row["source_file"]
        texts.setdefault(key, set()).update(row["unmapped_names"] or ())
    alike: dict[tuple[str, frozenset[str]], list[FileVersion]] = {}
    for version in versions:
        if found := texts.get(version.key):
            alike.setdefault((version.datasource_id, frozenset(found)), []).append(version)
    new = {version.key for version in recent}
    for (datasource_id, names), holders in alike.items():
        if new & {version.key for version in holders}:
            datasource = registry.datasource(datasource_id)
            if unknown := [
                one
                for one in _classified(registry, datasource, names, holders[0])
                if not _is_no_measurement(registry, datasource, one)
            ]:
                yield _cause(registry, datasource, unknown, holders)


def _classified(
    registry: Registry, datasource: Datasource, texts: Iterable[str], version: FileVersion
) -> list[Unknown]:
    known = {
        row.raw_name
        for row in registry.sensor_mappings
        if row.datasource_id == datasource.datasource_id
    }
    found = []
    for text in texts:
        name, column = name_and_column(registry, datasource, version, text)
        if name in known:
            found.append(
                Unknown(
                    "period" if is_described(registry, datasource, column) else "column",
                    name,
                    column,
                )
            )
        else:
            found.append(Unknown("column" if name == column else "sensor", name, column))
    return sorted(found)


def _is_no_measurement(registry: Registry, datasource: Datasource, unknown: Unknown) -> bool:
    """Whether the cells are known to be none of ours: the raw name is ignored, or the column is
    declared and is not a raw name itself.

    Where columns are raw names, a row of sensor_mappings.csv can ignore one. Elsewhere the rows
    name devices, and a column that is declared and that no row of datasource_mappings.csv describes
    is not a measurement.
    """
    if any(
        row.disposition == "ignored" and row.raw_name == unknown.name
        for row in registry.sensor_mappings
        if row.datasource_id == datasource.datasource_id
    ):
        return not is_described(registry, datasource, unknown.column)
    declared = (*datasource.required_columns, *datasource.optional_columns)
    return (
        unknown.missing == "column"
        and unknown.name != unknown.column
        and any(means(want, unknown.column) for want in declared)
    )


def name_and_column(
    registry: Registry, datasource: Datasource, version: FileVersion, text: str
) -> tuple[str, str]:
    """The parts of `raw name: column`, as stg_cells.sql joins them.

    Both may contain `: `, so the file's layout decides.
    """
    mappings = registry.mappings_of(datasource)
    columns, device = (
        (version.layout.columns, version.layout.device) if version.layout else ((), "")
    )
    if (
        mappings
        and not mappings[0].measurement_column
        and device
        and text.startswith(f"{device}: ")
    ):
        return device, text.removeprefix(f"{device}: ")
    half = text[: (len(text) - 2) // 2]
    if text == f"{half}: {half}":
        return half, half
    fitting = [column for column in columns if text.endswith(f": {column}")]
    if fitting:
        column = max(fitting, key=len)
        return text.removesuffix(f": {column}"), column
    name, _, column = text.rpartition(": ")
    return name, column


def _cause(
    registry: Registry, datasource: Datasource, unknown: list[Unknown], holders: list[FileVersion]
) -> Cause:
    shown = list(dict.fromkeys(one.shown for one in unknown))
    return Cause(
        check=(
            "unknown_column"
            if all(one.missing == "column" for one in unknown)
            else "unknown_sensor"
        ),
        severity="warning",
        since=min(version.first_seen for version in holders),
        until=max(version.first_seen for version in holders),
        evidence=(
            f"{counted(len(shown), 'name')}: {some(shown, NAMES)}; in"
            f" {counted(len(holders), 'file')}; the cells are not published"
        ),
        building_id=holders[0].building_id,
        sources=(datasource.datasource_id,),
        key=holders[0].path,
        detail=_detail(registry, datasource, unknown),
    )


def _detail(registry: Registry, datasource: Datasource, unknown: list[Unknown]) -> str:
    """The rows that cover the names."""
    by_column = [
        one
        for one in unknown
        if registry.mappings_of(datasource) and not is_described(registry, datasource, one.column)
    ]
    known = {
        row.raw_name
        for row in registry.sensor_mappings
        if row.datasource_id == datasource.datasource_id
    }
    by_name = [one.name for one in unknown if one.missing != "period" and one.name not in known]
    ended = {one.name for one in unknown if one.missing == "period"}
    periods = [
        f"line {row.line}: {row.raw_name} from {row.valid_from or 'the beginning'} to"
        f" {row.valid_to or 'now'}, measurement {row.measurement or 'of its column'}"
        for row in registry.sensor_mappings
        if row.datasource_id == datasource.datasource_id and row.raw_name in ended
    ]
    lines = [
        *block("sensor_mappings.csv", (sensor_row(registry, datasource, name) for name in by_name)),
        *block(
            "datasource_mappings.csv",
            (column_row(registry, datasource, one.column) for one in by_column),
        ),
        *block("sensor_mappings.csv has rows that do not cover these cells", periods),
    ]
    if len(unknown) > NAMES:
        lines += ["", "All names: column unmapped_names of DATA_DIR/catalog/*/accounting.parquet"]
    return "\n".join(lines[1:])
