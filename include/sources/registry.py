"""The sources by the scheme of a location: `scheme://…`, or none for rclone.

A new one is a module and a line here: with a `SOURCE` where files lie, with a function `endpoint`
where an address is asked.
"""

import importlib

from include.core.errors import ConfigurationError
from include.registry import Run
from include.registry.rows import Datasource
from include.sources.credentials import Credentials, no_credentials
from include.sources.port import Endpoint, Source

RCLONE = "include.sources.rclone"
SOURCES: dict[str, str] = {}  # scheme → module
ENDPOINTS = {
    "http": "include.sources.http",
    "https": "include.sources.http",
    "mysql": "include.sources.sql",
    "postgresql": "include.sources.sql",
}


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
                f"use an rclone path (remote:folder) or one of: {', '.join([*SOURCES, *ENDPOINTS])}"
            ),
        )
    found: Source = importlib.import_module(module).SOURCE
    return found


def endpoint_of(
    run: Run, datasource: Datasource, credentials: Credentials = no_credentials
) -> Endpoint | None:
    """The address that a datasource asks; None if its location is a place where files lie."""
    scheme, separator, _ = datasource.location.partition("://")
    if not separator or scheme not in ENDPOINTS:
        return None
    found: Endpoint = importlib.import_module(ENDPOINTS[scheme]).endpoint(
        run, datasource, credentials
    )
    return found
