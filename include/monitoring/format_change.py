"""What a changed format looks like: declared against found columns, likely renames, and the seed
rows to change.
"""

import difflib
from pathlib import Path

from include.formats.declared import Declared, means
from include.ingest.validate import columns_found
from include.ledger.ledger import FileVersion
from include.ledger.pack import Pack
from include.monitoring.seed_rows import (
    SHOWN,
    block,
    column_row,
    csv_line,
    is_described,
    sensor_row,
)
from include.registry import Registry, Run
from include.registry.rows import Datasource, SensorMapping

# The checks of validate.py that a file fails whose columns are others than declared.
COLUMN_CHECKS = {"required_columns", "new_columns", "key_columns"}


def format_change(run: Run, version: FileVersion) -> str:
    """For the person who decides; empty if the file's columns are not what is wrong, or cannot be
    read.
    """
    landed = version.landed(run.settings.paths)
    is_there = all(path.exists() for path in landed)
    if not COLUMN_CHECKS & {finding.check for finding in version.findings} or not is_there:
        return ""
    datasource = run.registry.datasource(version.datasource_id)
    return declared_and_found(run.registry, datasource, version.raw(run.settings.paths))


def declared_and_found(registry: Registry, datasource: Datasource, raw: Path | Pack) -> str:
    """The columns that are declared beside those of a file, and the rows to paste or to change."""
    declared = (*datasource.required_columns, *datasource.optional_columns)
    found = columns_found(raw, Declared.of(registry, datasource))
    missing = [
        want for want in datasource.required_columns if not any(means(want, name) for name in found)
    ]
    new = [name for name in found if not any(means(want, name) for want in declared)]
    renames = {
        want: near[0]
        for want in missing
        if (near := difflib.get_close_matches(want, new, 1, cutoff=0.5))
    }
    width = max(len(name) for name in ("declared", *declared))
    lines = [f"{'declared':<{width}}   found"]
    for want in declared:
        matches = [name for name in found if means(want, name)]
        shown = f"— perhaps now: {renames[want]}" if want in renames else "—"
        if matches:
            shown = matches[0] + (f" and {len(matches) - 1} more" if len(matches) > 1 else "")
        lines.append(f"{want:<{width}}   {shown}")
    undeclared = [name for name in new if name not in renames.values()]
    lines += [f"{'—':<{width}}   {name}" for name in undeclared[:SHOWN]]
    if len(undeclared) > SHOWN:
        lines.append(f"{'—':<{width}}   … and {len(undeclared) - SHOWN:,} more")
    rows = [
        _row(new_name, old)
        for want, new_name in renames.items()
        for old in _mapped(registry, datasource.datasource_id, want)
    ]
    by_column = [name for name in undeclared if not is_described(registry, datasource, name)]
    if not any(
        row.location_column or row.measurement_column for row in registry.mappings_of(datasource)
    ):  # there a column is a raw name
        rows += [sensor_row(registry, datasource, name) for name in undeclared]
    if renames:
        changed = ";".join(renames.get(want, want) for want in datasource.required_columns)
        lines += ["", "datasources_config.csv, required_columns:", changed]
        columns = [row for row in registry.mappings_of(datasource) if row.value_column in renames]
        lines += [
            f"datasource_mappings.csv, line {row.line}: value_column {row.value_column} →"
            f" {renames[row.value_column]}"
            for row in columns
        ]
    lines += block("sensor_mappings.csv", rows)
    lines += block(
        "datasource_mappings.csv",
        (column_row(registry, datasource, name) for name in by_column),
    )
    return "\n".join(lines)


def _mapped(registry: Registry, datasource_id: str, want: str) -> list[SensorMapping]:
    return [
        row
        for row in registry.sensor_mappings
        if row.datasource_id == datasource_id and means(want, row.raw_name)
    ]


def _row(new_name: str, old: SensorMapping) -> str:
    """The old row with the new name, as it would be in the seed."""
    cells = {**old.model_dump(mode="json"), "raw_name": new_name}
    return csv_line([cells[name] for name in type(old).model_fields if name != "line"])
