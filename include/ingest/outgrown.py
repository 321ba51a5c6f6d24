"""Removes what a pack has outgrown: parts that became one, and how it was read before it grew."""

from pathlib import Path

from include.core import files
from include.core.settings import Settings
from include.ledger.ledger import Ledger


def remove_outgrown(settings: Settings, before: Ledger, after: Ledger) -> None:
    """Called after the ledger is written: until then the older one needs them."""
    for path in _files_of_packs(settings, before) - _files_of_packs(settings, after):
        files.remove(path)


def _files_of_packs(settings: Settings, ledger: Ledger) -> set[Path]:
    paths, found = settings.paths, set[Path]()
    for version in ledger.versions:
        if version.parts:
            place = version.building_id, version.datasource_id, version.sha256, version.path
            found |= {*version.landed(paths), paths.landed_values(*place)}
            found.add(paths.rejected_lines(*place))
    return found
