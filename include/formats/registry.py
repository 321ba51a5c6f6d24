"""The formats by the name that file_formats.csv gives in `reader`.

A new one is a module with a `FORMAT`, and a line here.
"""

import importlib
from typing import cast

from include.core.errors import ConfigurationError
from include.formats.port import Format, PackFormat
from include.registry.rows import FileFormat

FORMATS = {
    "delimited": "include.formats.delimited",
    "json": "include.formats.json_records",
    "parquet": "include.formats.parquet",
    "excel": "include.formats.excel",
}


def format_of(row: FileFormat) -> Format:
    """The format that reads files of this row.

    Raises ConfigurationError if there is none, or none that looks for `records` in a place.
    """
    if row.reader not in FORMATS:
        raise ConfigurationError(
            f"unknown reader {row.reader!r}",
            where=f"file_formats.csv, line {row.line}, column reader",
            cure=f"use one of: {', '.join(FORMATS)}",
        )
    found: Format = importlib.import_module(FORMATS[row.reader]).FORMAT
    if row.records and not found.has_places:
        raise ConfigurationError(
            f"records is {row.records!r}, and files of reader {row.reader} hold one table",
            where=f"file_formats.csv, line {row.line}, column records",
            cure="leave the cell empty",
        )
    return found


def pack_format_of(row: FileFormat) -> PackFormat:
    """The format that reads packs of files of this row. Raises ConfigurationError."""
    found = format_of(row)
    if not hasattr(found, "open_pack"):
        raise ConfigurationError(
            f"files of reader {row.reader} are not read many at a time",
            where=f"file_formats.csv, line {row.line}, column reader",
            cure="take the group `day` out of file_pattern in datasources_config.csv",
        )
    return cast(PackFormat, found)
