"""Files on STATE_REMOTE, by their path under DATA_DIR and their checksum."""

from collections.abc import Mapping
from pathlib import Path

from include.core import files, rclone
from include.core.drives import below
from include.core.errors import StorageError
from include.core.settings import Settings


def fetch(settings: Settings, digests: Mapping[str, str]) -> list[str]:
    """Bring the named files (path → sha256) unless they are here already; every one is verified.

    Returns the fetched paths.
    """
    missing = {
        path: digest
        for path, digest in digests.items()
        if not _is_here(settings.paths.root / path, digest)
    }
    if not missing:
        return []
    with files.scratch_folder(settings.paths.work) as incoming:
        rclone.fetch(
            settings.state_remote,
            incoming,
            [stored_name(path, digest) for path, digest in missing.items()],
        )
        for path, digest in missing.items():
            stored = incoming / stored_name(path, digest)
            if not _is_here(stored, digest):
                raise StorageError(
                    "the state remote's copy is missing or damaged",
                    where=remote_path(settings, stored_name(path, digest)),
                    cure="restore it from the remote's own history; docs/runbook.md, lost state",
                )
            files.move(stored, settings.paths.root / path)
    return list(missing)


def stored_name(path: str, digest: str) -> str:
    """The path on the remote: files that change have their checksum in the name."""
    immutable = path.startswith("landing/") or (
        path.startswith("archive/") and not path.endswith(".json")
    )
    return path if immutable else f"{path}@{digest[:8]}"


def remote_path(settings: Settings, name: str) -> str:
    """The rclone path of a name on the state remote."""
    return below(settings.state_remote, name)


def _is_here(path: Path, digest: str) -> bool:
    return path.is_file() and files.sha256(path) == digest
