"""A file that was copied from a drive and verified, before it is landed."""

from dataclasses import dataclass
from pathlib import Path

from include.core.rclone import RemoteFile


@dataclass(frozen=True)
class Copied:
    """As the remote lists it after the copy, the copy (a file, or its bytes), and its sha256."""

    file: RemoteFile
    copy: Path | bytes
    digest: str

    @property
    def content(self) -> bytes:
        """Its bytes."""
        return self.copy if isinstance(self.copy, bytes) else self.copy.read_bytes()
