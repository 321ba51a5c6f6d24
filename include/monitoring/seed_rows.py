"""Rows to paste into a seed for a name that it does not know.

A person replaces the placeholders <…>.
"""

import csv
import io
import re
from collections.abc import Iterable

from include.formats.declared import means
from include.registry import Registry
from include.registry.rows import Datasource

SHOWN = 20  # rows of one seed


def sensor_row(registry: Registry, datasource: Datasource, raw_name: str) -> str:
    """A row of sensor_mappings.csv.

    The measurement stays empty where datasource_mappings.csv has it.
    """
    mappings = registry.mappings_of(datasource)
    measurement = "" if mappings and all(row.measurement for row in mappings) else "<measurement>"
    return csv_line(
        [
            datasource.datasource_id,
            raw_name,
            "mapped",
            "",
            "<sensor_id>",
            "<location>",
            measurement,
            1,
            0,
            "",
            "",
            "",
        ]
    )


def column_row(registry: Registry, datasource: Datasource, column: str) -> str:
    """A row of datasource_mappings.csv; the column's name becomes a pattern that matches nothing
    else.
    """
    first, *_ = registry.mappings_of(datasource)
    measurement = (
        "<measurement>" if any(row.measurement for row in registry.mappings_of(datasource)) else ""
    )
    places = [first.timestamp_column, first.location_column, first.measurement_column]
    return csv_line(
        [
            datasource.datasource_id,
            *places,
            pattern_of(column),
            measurement,
            first.source_name,
            "<value_min>",
            "<value_max>",
            "",
        ]
    )


def pattern_of(column: str) -> str:
    """A pattern for exactly this name.

    Only its own signs are escaped, so that Python and DuckDB read it alike.
    """
    return re.sub(r"[\\.^$*+?{}\[\]|()]", r"\\\g<0>", column)


def is_described(registry: Registry, datasource: Datasource, column: str) -> bool:
    """Whether a row of datasource_mappings.csv matches the column."""
    return any(means(row.value_column, column) for row in registry.mappings_of(datasource))


def block(seed: str, rows: Iterable[str]) -> list[str]:
    """The seed's name, its rows, and how many more there are; nothing if there are none."""
    rows = list(dict.fromkeys(rows))
    more = [f"… and {len(rows) - SHOWN:,} more rows"] if len(rows) > SHOWN else []
    return ["", f"{seed}:", *rows[:SHOWN], *more] if rows else []


def csv_line(cells: Iterable[object]) -> str:
    """The cells as one line of CSV, without its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(
        ["" if cell is None else cell for cell in cells]
    )  # quotes cells with line ends
    return text.getvalue().removesuffix("\r\n")
