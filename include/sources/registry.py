"""The sources by the scheme of a location: `scheme://…`, or none for rclone.

A new one is a module with a `SOURCE`, and a line here.
"""

import importlib

from include.core.errors import ConfigurationError
from include.registry.rows import Datasource
from include.sources.port import Source

RCLONE = "include.sources.rclone"
SOURCES: dict[str, str] = {}  # scheme → module


def source_of(datasource: Datasource) -> Source:
    """The source that reads a datasource's location. Raises ConfigurationError."""
    scheme, separator, _ = datasource.location.partition("://")
    if not separator or not scheme.isalnum():
        module = RCLONE
    elif scheme in SOURCES:
        module = SOURCES[scheme]
    else:
        raise ConfigurationError(
            f"no source reads {scheme}://",
            where=f"datasources_config.csv, line {datasource.line}, column location",
            cure=(
                "use an rclone path"
                f" (remote:folder){' or one of: ' if SOURCES else ''}{', '.join(SOURCES)}"
            ),
        )
    found: Source = importlib.import_module(module).SOURCE
    return found
