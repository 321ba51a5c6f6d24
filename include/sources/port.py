"""The two ports of the sources: places where files lie, and addresses that answer requests.

Neither knows anything of what is in a file.
"""

from collections.abc import Collection
from dataclasses import dataclass
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

    def fetch_archive(self, location: str, archive: Path, paths: Collection[str]) -> None:
        """Copy many small files into a zip; may leave some out.

        Raises RemoteError also where it cannot: they are then fetched as files.
        """


@dataclass(frozen=True)
class Answer:
    """What an address has to say about a time: a file, once it was asked for.

    Attributes:
        path: the file's name.
        modified: as of when the answer is what it is, in UTC (`…+00:00`).
        is_of_the_moment: it says what is now; later it can not be asked for.
    """

    path: str
    modified: str
    is_of_the_moment: bool = False


class Endpoint(Protocol):
    """The address of one datasource, as of a time."""

    def answers(self) -> list[Answer]:
        """The answers that the requests have by now, oldest first. Asks nothing."""

    def ask(self, path: str, file: Path) -> None:
        """Write the answer of that path, whole and as it came, into a new file.

        Raises RemoteGone if the address has no such answer, and RemoteError if it does not answer.
        """
