"""What a request may read: the last releases of public publications, each with its index.

A request asks once and reads the release that it got, so an answer never mixes two.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from include.contract.tables import file_of
from include.core import files
from include.core.errors import ConfigurationError, StorageError
from include.core.settings import Settings
from include.registry import load_registry
from include.release import release as releases
from include.release.explorer_data import FOLDER
from include.release.release import VERSION, Release
from include.serving.api.errors import Problem, not_found
from include.serving.api.periods import Period

KEPT = 8  # indexes in memory


@dataclass(frozen=True)
class Published:
    """A release, and its explorer/data/index.json."""

    release: Release
    index: dict[str, Any]

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.release.path

    @cached_property
    def buildings(self) -> dict[str, dict[str, Any]]:
        """Its buildings by id."""
        return {row["building_id"]: row for row in self.index["buildings"]}

    @cached_property
    def measurements(self) -> dict[str, dict[str, Any]]:
        """Its measurements by name."""
        return {row["measurement"]: row for row in self.index["measurements"]}

    @cached_property
    def series(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The series of each building, by id."""
        found: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in self.buildings}
        for row in self.index["series"]:
            found[row["building_id"]][row["id"]] = row
        return found

    @cached_property
    def _lineage(self) -> dict[str, Any]:
        found: dict[str, Any] = files.read_json(self.path / "lineage.json")
        return found

    @cached_property
    def history(self) -> dict[tuple[str, str], str]:
        """The sha256 of a building's readings, by building and month."""
        rows = self._lineage["history"]
        return {(row["building_id"], row["month"]): row["sha256"] for row in rows}

    @cached_property
    def inputs(self) -> dict[tuple[str, int], dict[str, Any]]:
        """Path and sha256 of the raw files, by building and number."""
        return {
            (row["building_id"], row["source_file"]): {
                "path": row["path"],
                "sha256": row["sha256"],
            }
            for row in self._lineage["inputs"]
        }

    def zone(self, building_id: str) -> ZoneInfo:
        """A building's time zone."""
        return ZoneInfo(self.buildings[building_id]["timezone"])

    def covered(self, building_id: str) -> Period:
        """From a building's first hour to the time of the release."""
        own = (datetime.fromisoformat(row["first"]) for row in self.series[building_id].values())
        return Period(min(own, default=self.release.as_of), self.release.as_of)

    @property
    def heads(self) -> dict[str, str]:
        """What every answer says of where it comes from."""
        return {"release": self.release.version, "as_of": self.release.as_of.isoformat()}


@dataclass(frozen=True)
class Rules:
    """Who may see what: the public publications, and the buildings that are restricted."""

    publications: frozenset[str]
    restricted: frozenset[str]


class Catalogue:
    """The public releases of an installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()  # one index is read once, however many ask for it
        self._read: OrderedDict[Path, Published] = OrderedDict()
        self._held: dict[Path, frozenset[str]] = {}
        self._rules: tuple[tuple[int, ...], Rules] | None = None

    def all(self) -> list[Published]:
        """The last release of each public publication, the default one first."""
        rules = self._current_rules()
        found = (
            releases.latest_folder(replace(self._settings, publication=name))
            for name in self._public_names(rules)
        )
        return [
            self._published(folder)
            for folder in found
            if folder is not None and self._is_public(folder, rules)
        ]

    def of_building(self, building_id: str) -> Published:
        """The release that a building is published in. Raises Problem: 404."""
        for published in self.all():
            if building_id in published.buildings:
                return published
        raise not_found(f"building {building_id[:80]!r}")

    def folders(self) -> dict[str, Path]:
        """The folders of all public releases by version, newest first; the default publication's
        where two have one version.
        """
        rules = self._current_rules()
        found: dict[str, Path] = {}
        for name in reversed(self._public_names(rules)):
            own = replace(self._settings, publication=name).paths.releases
            found |= {
                path.name: path
                for path in own.glob("[0-9]*-*")
                if VERSION.fullmatch(path.name) and self._is_public(path, rules)
            }
        return dict(sorted(found.items(), reverse=True))

    def release(self, version: str) -> Path:
        """The folder of a public release. Raises Problem: 404."""
        folder = self.folders().get(version) if VERSION.fullmatch(version) else None
        if folder is None:
            raise not_found(f"release {version[:80]!r}")
        return folder

    def _public_names(self, rules: Rules) -> list[str]:
        return [name for name in self._settings.paths.publications if name in rules.publications]

    def _is_public(self, folder: Path, rules: Rules) -> bool:
        """Whether a release holds no building that was restricted since it was published."""
        if folder not in self._held:
            try:
                table = pq.read_table(folder / file_of("dim_building"), columns=["building_id"])
            except (OSError, pa.ArrowException):
                return False
            self._held[folder] = frozenset(table["building_id"].to_pylist())
        return not self._held[folder] & rules.restricted

    def _current_rules(self) -> Rules:
        """As the seeds are now. Raises Problem: 503, they cannot be read."""
        seeds = self._settings.seeds_dir
        with self._lock:
            try:
                state = tuple(
                    (seeds / name).stat().st_mtime_ns
                    for name in ("publications.csv", "buildings_config.csv")
                )
                if self._rules is None or self._rules[0] != state:
                    registry = load_registry(seeds)
                    public = (row for row in registry.publications if row.access == "public")
                    names = frozenset(row.publication_id for row in public)
                    self._rules = state, Rules(names, registry.restricted)
            except (OSError, ConfigurationError) as error:
                raise Problem(503, "the seeds cannot be read; see the page Overview") from error
            return self._rules[1]

    def _published(self, folder: Path) -> Published:
        with self._lock:
            if folder not in self._read:
                try:
                    release = releases.read(folder)
                    index = files.read_json(folder / FOLDER / "index.json")
                except (OSError, StorageError) as error:
                    raise Problem(503, "the last release cannot be read; publish again") from error
                self._read[folder] = Published(release, index)
                while len(self._read) > KEPT:
                    self._read.popitem(last=False)
            return self._read[folder]
