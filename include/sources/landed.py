"""Brings back the landed file of a version that is in the ledger."""

import contextlib

from include.core import files, state_remote
from include.core.errors import PlatformError
from include.ledger.ledger import FileVersion
from include.registry import Run
from include.sources.registry import source_of


def fetch_landed(run: Run, version: FileVersion) -> bool:
    """Bring an input from the state remote, or else from the drive that it came from; whether it
    came, whole.
    """
    landed = run.settings.paths.landed(version.building_id, version.datasource_id, version.sha256)
    name = str(landed.relative_to(run.settings.paths.root))
    with contextlib.suppress(PlatformError):
        state_remote.fetch(run.settings, {name: version.sha256})
        return True
    datasource = run.registry.datasource(version.datasource_id)
    if datasource.is_asked:
        return False  # an answer of today is another file
    with (
        files.scratch_folder(run.settings.paths.work) as incoming,
        contextlib.suppress(PlatformError),
    ):
        source_of(datasource).fetch(datasource.location, incoming, [version.path])
        copy = incoming / version.path
        if copy.is_file() and files.sha256(copy) == version.sha256:
            files.move(copy, landed)
            return True
    return False
