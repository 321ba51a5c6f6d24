"""A file that was copied from a drive and verified, before it is landed."""

from dataclasses import dataclass
from pathlib import Path

from include.core.rclone import RemoteFile


@dataclass(frozen=True)
class Copied:
    """As the remote lists it after the copy, the copy, and its sha256."""

    file: RemoteFile
    local: Path
    digest: str
