"""Makes sure that the inputs of a build are on this machine, as text Parquet."""

from include.errors import ContractError
from include.ingest.ledger import FileVersion
from include.ingest.validate import Declared, validate
from include.planning import MonthPlan, landed_text
from include.publishing.state import fetch_inputs
from include.registry import Registry
from include.settings import Settings


def ensure_landed(settings: Settings, registry: Registry, months: list[MonthPlan]) -> list[FileVersion]:
    """Land again what has gone missing, from landing or the state remote. Returns the versions that were missing."""
    needed = {version.number: version for plan in months for version in plan.versions}
    missing = [version for version in needed.values() if not landed_text(settings, version).exists()]
    raw = {v.number: settings.paths.landed(v.building_id, v.datasource_id, v.path, v.sha256) for v in missing}
    fetch_inputs(settings, raw.values())
    for version in missing:
        datasource = registry.datasource(version.datasource_id)
        declared = Declared.of(registry, datasource)
        found = validate(raw[version.number], version.path, declared, landed_text(settings, version))
        if found.layout != version.layout or found.cells != version.cells:
            raise ContractError(
                "an accepted file now reads otherwise than when it was accepted",
                where=version.path,
                cure="undo the change of its row in file_formats.csv or datasources_config.csv, or declare a new datasource",
            )
    return missing
