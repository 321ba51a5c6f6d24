"""The port of the sources: what lists and fetches the files of a datasource.

A source knows nothing of what is in them.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from include.core.rclone import RemoteFile


class Source(Protocol):
    """A kind of place where files are; `location` is the cell of datasources_config.csv.

    All methods raise RemoteGone if the location does not exist, RemoteError if it cannot be read.
    """

    def list(
        self, location: str, *, only: Collection[str] | None = None, with_digest: bool = False
    ) -> list[RemoteFile]:
        """The files below a location, or `only` those with these paths; with their digest if asked
        for and known.
        """

    def fetch(self, location: str, folder: Path, paths: Collection[str]) -> None:
        """Copy files below `folder`, under their paths.

        May leave some out: `sync` compares what came with a second listing.
        """
