"""Removes what a pack has outgrown: parts that became one, and how it was read before it grew."""

from collections.abc import Iterable

from include.core import files
from include.core.settings import Settings
from include.ledger.ledger import Ledger
from include.registry.rows import Datasource


def remove_outgrown(settings: Settings, ledger: Ledger, datasources: Iterable[Datasource]) -> None:
    """Called after the ledger is written: until then the older one needs them."""
    paths = settings.paths
    for source in datasources:
        if not source.is_packed:
            continue
        needed = set()
        for version in ledger.latest(source.datasource_id).values():
            place = version.building_id, version.datasource_id, version.sha256, version.path
            needed |= {*version.landed(paths), paths.landed_values(*place)}
            needed.add(paths.rejected_lines(*place))
        for folder in (paths.landing, paths.quarantine):
            here = folder / source.building_id / source.datasource_id
            for path in here.glob("*"):
                if path.is_file() and path.suffix != ".json" and path not in needed:
                    files.remove(path)
