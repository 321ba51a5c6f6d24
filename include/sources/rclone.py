"""Every drive that rclone knows: `remote:path`, or a local path."""

from collections.abc import Collection
from pathlib import Path

from include.core import rclone
from include.core.rclone import RemoteFile


class Rclone:
    """See the port."""

    def list(
        self, location: str, *, only: Collection[str] | None = None, with_digest: bool = False
    ) -> list[RemoteFile]:
        """See the port."""
        return rclone.listing(location, only=only, with_digest=with_digest)

    def fetch(self, location: str, folder: Path, paths: Collection[str]) -> None:
        """See the port."""
        rclone.fetch(location, folder, paths)

    def fetch_archive(self, location: str, archive: Path, paths: Collection[str]) -> None:
        """See the port."""
        rclone.fetch_archive(location, archive, paths)


SOURCE = Rclone()
