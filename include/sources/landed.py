"""Brings back the landed files of a version that is in the ledger."""

import contextlib

from include.core import files, state_remote
from include.core.errors import PlatformError
from include.core.paths import DataPaths
from include.ledger.ledger import FileVersion
from include.registry import Run
from include.sources.registry import source_of


def is_landed_whole(run: Run, version: FileVersion) -> bool:
    """Whether its files are in landing as received, or were brought back; damaged ones go."""
    landed = version.landed(run.settings.paths)
    for path, digest in landed.items():
        if path.exists() and files.sha256(path) != digest:
            files.remove(path)
    return all(path.exists() for path in landed) or fetch_landed(run, version)


def is_whole_here(paths: DataPaths, version: FileVersion) -> bool:
    """Whether its files are in landing as received; nothing is fetched or removed."""
    return all(
        path.exists() and files.sha256(path) == digest
        for path, digest in version.landed(paths).items()
    )


def fetch_landed(run: Run, version: FileVersion) -> bool:
    """Bring an input from the state remote, or else from the drive that it came from; whether it
    came, whole. A pack that is lost is made again of the drive's files by the next sync.
    """
    landed = version.landed(run.settings.paths)
    names = {str(path.relative_to(run.settings.paths.root)): landed[path] for path in landed}
    with contextlib.suppress(PlatformError):
        state_remote.fetch(run.settings, names)
        return True
    datasource = run.registry.datasource(version.datasource_id)
    if version.parts or datasource.is_asked:
        return False  # an answer of today is another file
    with (
        files.scratch_folder(run.settings.paths.work) as incoming,
        contextlib.suppress(PlatformError),
    ):
        source_of(datasource).fetch(datasource.location, incoming, [version.path])
        copy = incoming / version.path
        if copy.is_file() and files.sha256(copy) == version.sha256:
            files.move(copy, *landed)
            return True
    return False
