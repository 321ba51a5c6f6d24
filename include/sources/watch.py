"""What is on the drives and not yet in the ledger.

The ledger is the memory: it survives every restart.
"""

import logging
from collections import Counter
from collections.abc import Iterable

from include.core.clock import END_OF_TIME
from include.core.errors import ConfigurationError, RemoteError
from include.core.plain_text import counted
from include.core.rclone import RemoteFile
from include.core.settings import Settings
from include.ledger.ledger import Ledger
from include.registry import Registry, Run
from include.registry.rows import Datasource
from include.sources.packs import Packs
from include.sources.registry import source_of
from include.sources.sync import claimed_files, claimed_once, is_known, new_among

log = logging.getLogger(__name__)


def new_files(settings: Settings, registry: Registry) -> set[tuple[str, str, int, str]]:
    """Datasource, path, size and time of each file version that `sync` would copy.

    A drive that cannot be read has none, and so has one of a building that is read by a schedule,
    and an address: it has always something new.
    """
    ledger, found = Ledger.read(settings.paths), set()
    waiting = {row.building_id for row in registry.buildings if row.schedule}
    for datasource in registry.active_datasources:
        if datasource.building_id in waiting or datasource.is_asked:
            continue
        try:
            new = _new_of(settings, registry, datasource, ledger)
            claimed, _ = claimed_files(new, datasource)
            claimed, _ = claimed_once(claimed, datasource, registry.neighbours_of(datasource))
        except (RemoteError, ConfigurationError) as error:
            is_restricted = datasource.building_id in registry.restricted
            why = type(error).__name__ if is_restricted else error
            log.warning("%s cannot be watched: %s", datasource.datasource_id, why)
            continue
        found |= {
            (datasource.datasource_id, file.path, file.size, file.modified) for file in claimed
        }
    return found


def _new_of(
    settings: Settings, registry: Registry, datasource: Datasource, ledger: Ledger
) -> list[RemoteFile]:
    """The files at its location that are neither in the ledger nor in a pack."""
    listed = source_of(datasource).list(datasource.location)
    if datasource.is_packed:
        packs = Packs(Run(settings, registry, END_OF_TIME), datasource, ledger)
        return new_among(listed, packs.has)
    known = ledger.latest(datasource.datasource_id)
    return new_among(listed, lambda file: is_known(file, known))


def in_words(found: Iterable[tuple[str, str, int, str]], registry: Registry) -> list[str]:
    """The files for people and logs: of restricted buildings how many, else by name."""
    named: list[str] = []
    closed = Counter[str]()
    for datasource_id, path, *_ in found:
        if registry.datasource(datasource_id).building_id in registry.restricted:
            closed[datasource_id] += 1
        else:
            named.append(f"{datasource_id}: {path}")
    return sorted([*named, *(f"{name}: {counted(n, 'file')}" for name, n in closed.items())])
