"""Tries seed rows on a copy of the seeds, and writes them.

They are written only if the registry accepts them and the sample is read.
"""

import csv
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from include.core import files
from include.core.errors import ConfigurationError
from include.core.settings import Settings
from include.formats.declared import Circumstances, Declared
from include.ingest.validate import Validation, validate
from include.ledger.ledger import Ledger
from include.monitoring.seed_rows import csv_line
from include.onboarding.propose import Rows, Wanted
from include.registry import Registry, load_registry
from include.registry.hierarchy import load_hierarchy
from include.registry.rows import Datasource

FIRST = ("buildings_config.csv", "measurements.csv", "file_formats.csv", "building_hierarchy.csv")


def registry_with(seeds: Path, rows: Rows, building_id: str, copy: Path) -> Registry:
    """The registry of a copy of the seeds that has the rows.

    Raises ConfigurationError if a row of the building is not valid.
    """
    shutil.copytree(seeds, copy)
    for seed, added in rows.items():
        _append(copy / seed, added)
    registry = load_registry(copy)
    for error in registry.wrong.get(building_id, ()):
        raise error
    if (wrong := load_hierarchy(registry).wrong.get(building_id)) is not None:
        raise wrong
    return registry


def write_rows(seeds: Path, rows: Rows) -> None:
    """Write the rows so that whoever reads the seeds meanwhile, or after a kill, reads valid ones:
    what others refer to first, the datasources as planned, and active last.
    """
    rows = dict(rows)
    datasources = rows.pop("datasources_config.csv", [])
    path = seeds / "datasources_config.csv"
    before = path.read_bytes()
    for seed in FIRST:
        _append(seeds / seed, rows.pop(seed, []))
    _append(path, [row | {"status": "planned"} for row in datasources])
    for seed, added in rows.items():
        _append(seeds / seed, added)
    _append(path, datasources, before)


def _append(path: Path, rows: list[dict[str, str]], before: bytes | None = None) -> None:
    """Put rows behind the lines of a seed, which stay as they are, or behind `before`."""
    if not rows:
        return
    # bytes: a name may hold another line end than ours
    text = (path.read_bytes() if before is None else before).decode()
    header = next(csv.reader(text.splitlines()))
    lines = [csv_line(row.get(column, "") for column in header) for row in rows]
    files.write_text(path, "\n".join((text.rstrip("\n"), *lines, "")))


@dataclass(frozen=True)
class Tried:
    """What the proposed rows read of the sample, and where its values were landed."""

    found: Validation
    values: Path
    registry: Registry


def try_rows(
    settings: Settings, rows: Rows, wanted: Wanted, raw: Path, as_of: datetime, scratch: Path
) -> Tried:
    """Read the sample by a copy of the seeds that has the rows.

    Raises ConfigurationError if the seeds do not accept them.
    """
    registry = registry_with(settings.seeds_dir, rows, wanted.building_id, scratch / "seeds")
    datasource = registry.datasource(wanted.datasource_id)
    registry.check_locations(settings.state_remote, settings.publish_remote)
    _check_neighbours(settings, registry, datasource, raw.name)
    declared = Declared.of(registry, datasource)
    values = scratch / "values.parquet"
    now = Circumstances(as_of)
    found = validate(raw, raw.name, declared, values, scratch / "rejected.parquet", now)
    return Tried(found, values, registry)


def _check_neighbours(
    settings: Settings, registry: Registry, datasource: Datasource, name: str
) -> None:
    """Refuse a pattern that takes files of another datasource: they would be read by neither."""
    pattern = re.compile(datasource.file_regex)
    for other in registry.neighbours_of(datasource):
        if other == datasource or other.building_id != datasource.building_id:
            continue
        known = Ledger.read(settings.paths, other.building_id).latest(other.datasource_id)
        taken = [path for path in known if pattern.fullmatch(PurePosixPath(path).name)]
        if taken or re.fullmatch(other.file_regex, name):
            raise ConfigurationError(
                f"{other.datasource_id} also reads {taken[0] if taken else name}",
                where=f"pattern {datasource.file_pattern}, location {datasource.location}",
                cure="set --pattern or --location so that each file has one datasource",
            )
