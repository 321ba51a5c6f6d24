"""Which rclone remotes the active datasources are on, for what must be known before the seeds are
checked.

An invalid row is skipped here: `include.registry` reports it, with its line and what to do.
"""

import csv
import re
from pathlib import Path

# rclone: `name:path`, or `name,option=value:path`. `:backend:path` needs no configuration, a path
# has no name, and `scheme://…` is another kind of source.
REMOTE = re.compile(r"(?P<name>[^:/,]+)(,[^:/]*)?:(?!//)")


def active_locations(seeds: Path) -> list[str]:
    """The locations of the active datasources of active buildings, in the order of the seed."""
    active = {
        row.get("building_id")
        for row in _rows(seeds / "buildings_config.csv")
        if row.get("status") == "active"
    }
    sources = (
        row
        for row in _rows(seeds / "datasources_config.csv")
        if row.get("status") == "active" and row.get("building_id") in active
    )
    return [location for row in sources if (location := row.get("location"))]


def remote_of(location: str) -> str:
    """The name of the remote in an rclone path; empty for a local path and for `:backend:path`."""
    found = REMOTE.match(location)
    return found["name"] if found else ""


def remotes_of(locations: list[str]) -> list[str]:
    """The remotes, each once, in the order in which they are first named."""
    return list(dict.fromkeys(filter(None, map(remote_of, locations))))


def below(remote: str, name: str) -> str:
    """The rclone path of a file or folder below another, which may be the root of a remote."""
    return f"{remote.rstrip('/')}{'' if remote.endswith(':') else '/'}{name}"


def _rows(seed: Path) -> list[dict[str, str]]:
    try:
        with seed.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
