"""The store as the other stations see it: what there is of a building's months, and with which
checksums.

Only this package composes the paths of readings, metrics and archive, and reads their manifests
(tests/store/test_store.py). Columns are chosen by whoever reads the Parquet files.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.core import files
from include.core.errors import ContractError
from include.core.settings import Settings
from include.registry.erased import read_tombstones
from include.store.archive import ArchiveManifest, Unit, archived_path, read_archive_manifest
from include.store.published_groups import read_groups
from include.store.readings import ACCOUNTING, Manifest, Month, files_of_month, read_manifest

REJECTED = "fct_rejected_readings"


@dataclass(frozen=True)
class StoredFile:
    """A Parquet file of the store, with the sha256 that its manifest remembers."""

    path: Path
    sha256: str

    def undamaged(self) -> Path:
        """The file's path. Raises ContractError if its bytes are others."""
        if files.sha256(self.path) != self.sha256:
            raise ContractError(
                "checksum mismatch: a stored file was changed or damaged",
                where=str(self.path),
                cure=(
                    "remove it and run again: it comes back from the state remote; nothing was"
                    " published"
                ),
            )
        return self.path


class Store:
    """Readings, metrics and aggregates by building, month and table, as the manifests say when they
    are first asked.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def readings_manifest(self) -> Manifest:
        """What months are stored. Raises DamagedFile."""
        return read_manifest(self.settings)

    @cached_property
    def archive_manifest(self) -> ArchiveManifest:
        """What aggregates are archived. Raises DamagedFile."""
        return read_archive_manifest(self.settings)

    def path_of_readings(self, month: Month) -> Path:
        """Where one building's month of readings is kept, if it is."""
        return self.settings.paths.month_of_readings(*month)

    def months(self, building_id: str) -> list[str]:
        """The months of which a building has readings, in order."""
        return sorted(month for owner, month in self.readings_manifest if owner == building_id)

    def month(self, month: Month) -> dict[str, StoredFile]:
        """All files of one building's month by their model; those that it has not are left out."""
        return {
            model: StoredFile(path, digest)
            for model, (path, digest) in files_of_month(
                self.settings, month, self.readings_manifest[month]
            ).items()
        }

    def of_months(self, model: str, months: Iterable[Month]) -> list[StoredFile]:
        """The files of a model in these months, in their order; months that have none are left
        out.
        """
        found = (
            self.month(month).get(model) for month in months if month in self.readings_manifest
        )
        return [file for file in found if file is not None]

    @cached_property
    def published_units(self) -> ArchiveManifest:
        """The archived units of months that have readings: months that were taken out keep their
        files.
        """
        return {
            unit: entry
            for unit, entry in self.archive_manifest.items()
            if (unit.building_id, unit.month) in self.readings_manifest
        }

    def of_units(self, units: Iterable[Unit]) -> dict[Unit, StoredFile]:
        """The archived files of these units, in their order; units without rows are left out."""
        found = {}
        for unit in units:
            entry = self.archive_manifest[unit]
            if entry.rows:
                path = archived_path(self.settings, unit, entry)
                found[unit] = StoredFile(path, entry.sha256)
        return found

    def files(self) -> list[StoredFile]:
        """Every file of the store, apart from manifests and dimensions."""
        months = (self.month(month).values() for month in self.readings_manifest)
        return [
            *(file for found in months for file in found),
            *self.of_units(self.archive_manifest).values(),
        ]

    def memory(self) -> dict[Path, Callable[[], object]]:
        """The small files that say what there is, each with what reads it if it is there, or raises
        DamagedFile.
        """
        paths = self.settings.paths
        readers: dict[Path, Callable[[], object]] = {}
        for building_id in paths.known_buildings:
            for path in (paths.readings_manifest(building_id), paths.archive_manifest(building_id)):
                readers[path] = partial(files.read_sealed, path)
            path = paths.accounting(building_id)
            readers[path] = partial(files.read_parquet, path, ACCOUNTING)
            readers[paths.tombstones(building_id)] = partial(read_tombstones, paths, building_id)
            readers[paths.groups(building_id)] = partial(read_groups, paths, building_id)
        return readers


def adopt(
    settings: Settings,
    building_id: str,
    months: list[dict[str, Any]] | None,
    units: list[dict[str, Any]] | None,
    accounting: pa.Table,
) -> None:
    """Take over what an older checkout has remembered of a building: rows of its manifests as they
    were, where there were any, and its accounting.
    """
    paths = settings.paths
    files.write_parquet(paths.accounting(building_id), accounting)
    if months is not None:
        files.write_sealed(paths.readings_manifest(building_id), months)
    if units is not None:
        files.write_sealed(paths.archive_manifest(building_id), units)
