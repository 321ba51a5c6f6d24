"""Makes sure that the inputs of a build are on this machine, as text Parquet."""

import contextlib
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq

from include import files, rclone
from include.errors import ContractError, PlatformError, StorageError
from include.ingest.ledger import FileVersion
from include.ingest.validate import Declared, validate
from include.planning import MonthPlan, landed_text
from include.publishing import state
from include.registry import Registry
from include.settings import Settings


def ensure_landed(settings: Settings, registry: Registry, months: list[MonthPlan], as_of: datetime) -> list[FileVersion]:
    """Land again what has gone missing or was damaged since. Returns these versions."""
    needed = {version.number: version for plan in months for version in plan.versions}
    missing = [version for version in needed.values() if not _is_readable(settings, version, as_of)]
    for version in missing:
        raw = settings.paths.landed(version.building_id, version.datasource_id, version.path, version.sha256)
        if not (raw.exists() and files.sha256(raw) == version.sha256) and not fetch_landed(settings, registry, version):
            raise StorageError(
                "an input is damaged or missing, and no copy of it is left on the state remote or the drive",
                where=str(raw),
                cure="put the file back on the drive under its old name; docs/runbook.md, damaged files",
            )
        declared = Declared.of(registry, registry.datasource(version.datasource_id))
        found = validate(raw, version.path, declared, landed_text(settings, version))
        if found.layout != version.layout or found.cells != version.cells:
            raise ContractError(
                "an accepted file now reads otherwise than when it was accepted",
                where=version.path,
                cure="undo the change of its row in file_formats.csv or datasources_config.csv, or declare a new datasource",
            )
    return missing


def fetch_landed(settings: Settings, registry: Registry, version: FileVersion) -> bool:
    """Bring an input from the state remote, or else from the drive that it came from; whether it came, whole."""
    landed = settings.paths.landed(version.building_id, version.datasource_id, version.path, version.sha256)
    name = str(landed.relative_to(settings.paths.root))
    with contextlib.suppress(PlatformError):
        state.fetch(settings, state.State(0, {name: version.sha256}), [name])
        return True
    incoming = settings.paths.work / "healing"
    files.remove(incoming)
    incoming.mkdir(parents=True)
    with contextlib.suppress(PlatformError):
        rclone.fetch(registry.datasource(version.datasource_id).location, incoming, [version.path])
        copy = incoming / version.path
        if copy.is_file() and files.sha256(copy) == version.sha256:
            files.move(copy, landed)
            return True
    return False


def _is_readable(settings: Settings, version: FileVersion, as_of: datetime) -> bool:
    """Whether the text is there and whole. What this run has landed itself is not read twice."""
    text = landed_text(settings, version)
    if not text.exists() or version.first_seen >= as_of:
        return text.exists()
    try:
        pq.read_table(text, page_checksum_verification=True)
    except (pa.ArrowException, OSError):
        return False
    return True
