"""What a request may read: the last release of each publication, as far as its reader may see it.

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

from include.contract.kpis import Kpi, kpis
from include.contract.tables import file_of
from include.core import files
from include.core.errors import ConfigurationError, StorageError
from include.core.settings import Settings
from include.registry import Registry, registry_of
from include.release import release as releases
from include.release.explorer_data import FOLDER
from include.release.release import VERSION, Release
from include.release.withdrawal import withdrawn
from include.serving.access import Access, Person, access_to
from include.serving.api.errors import Problem, not_found
from include.serving.api.periods import Period

OF_THE_WHOLE = "fact_device_health_day"  # KPIs of devices' health are of the whole building
KEPT = 8  # releases in memory, each as somebody sees it


Seen = frozenset[tuple[str, Access]]  # buildings, and what of them may be seen


Node = dict[str, Any]  # of the hierarchy


def path_of(node: Node, by_id: dict[str, Node]) -> list[Node]:
    """From the building down to a node."""
    path = [node]
    while (parent := by_id.get(path[0]["parent_id"])) is not None and parent not in path:
        path.insert(0, parent)
    return path


def _ids(path: list[Node]) -> set[str]:
    return {node["id"] for node in path}


def _visible(nodes: list[Node], places: frozenset[str] | None) -> list[Node]:
    """The nodes below some places, and what these lie in; None: all."""
    if places is None:
        return nodes
    by_id = {node["id"]: node for node in nodes}
    above = {name for place in places & by_id.keys() for name in _ids(path_of(by_id[place], by_id))}
    return [n for n in nodes if n["id"] in above or places & _ids(path_of(n, by_id))]


def _locations_below(nodes: list[Node], places: frozenset[str]) -> set[str]:
    """The names of the places that lie in these, which are the locations of series."""
    by_id = {node["id"]: node for node in nodes}
    return {
        node["name"]
        for node in nodes
        if node["type"] != "Sensor" and places & _ids(path_of(node, by_id))
    }


@dataclass(frozen=True, eq=False)
class Published:
    """A release, its explorer/data/index.json, and what of its buildings may be seen."""

    release: Release
    index: dict[str, Any]
    seen: Seen

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.release.path

    @cached_property
    def buildings(self) -> dict[str, dict[str, Any]]:
        """Its buildings by id."""
        return {
            row["building_id"]: row
            | {
                "is_whole": self.access[row["building_id"]].is_whole,
                "kpis": [kpi.name for kpi in self.kpis[row["building_id"]]],
            }
            for row in self.index["buildings"]
            if row["building_id"] in self.access
        }

    @cached_property
    def access(self) -> dict[str, Access]:
        """What may be seen of each building."""
        return dict(self.seen)

    @cached_property
    def tables(self) -> frozenset[str]:
        """The names of its tables."""
        return frozenset(path.stem for path in self.path.glob("*.parquet"))

    @cached_property
    def kpis(self) -> dict[str, list[Kpi]]:
        """The KPIs of each building that it can give, and that may be seen: none where it has no
        facts.
        """
        given = [kpi for kpi in kpis() if kpi.tables() <= self.tables]
        return {
            name: [kpi for kpi in given if access.is_whole or OF_THE_WHOLE not in kpi.tables()]
            for name, access in self.access.items()
        }

    @cached_property
    def scope(self) -> str:
        """What may be seen, as text: answers for others are other answers."""
        return str(
            [
                (name, sorted(access.places or ()), sorted(access.hidden))
                for name, access in sorted(self.seen, key=lambda one: one[0])
            ]
        )

    @cached_property
    def nodes(self) -> dict[str, list[dict[str, Any]]]:
        """The nodes of each building's hierarchy that may be seen: those below a place that may be,
        and what it lies in.
        """
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in self.buildings}
        for row in self.index["hierarchy"]:
            if row["building_id"] in found:
                found[row["building_id"]].append(row)
        return {name: _visible(rows, self.access[name].places) for name, rows in found.items()}

    @cached_property
    def measurements(self) -> dict[str, dict[str, Any]]:
        """The measurements of its buildings by name."""
        own = {row["measurement"] for found in self.series.values() for row in found.values()}
        rows = self.index["measurements"]
        return {row["measurement"]: row for row in rows if row["measurement"] in own}

    @cached_property
    def series(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The series of each building, by id."""
        found: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in self.buildings}
        below = {
            name: _locations_below(self.nodes[name], access.places)
            for name, access in self.access.items()
            if access.places is not None and name in found
        }
        for row in self.index["series"]:
            name = row["building_id"]
            is_shown = name in found and (
                name not in below
                or (
                    row["location"] in below[name]
                    and row["measurement"] not in self.access[name].hidden
                )
            )
            if is_shown:
                found[name][row["id"]] = row
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


class Catalogue:
    """The releases of an installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()  # one index is read once, however many ask for it
        self._published: OrderedDict[tuple[Release, Seen], Published] = OrderedDict()
        self._held: dict[Path, frozenset[str]] = {}

    def of(self, person: Person | None) -> "View":
        """What somebody may see now. Raises Problem: 503, the seeds cannot be read."""
        try:
            registry = registry_of(self._settings)
        except (OSError, ConfigurationError) as error:
            raise Problem(503, "the seeds cannot be read; the log of refresh says why") from error
        return View(self, registry, person)

    def publications(self) -> list[tuple[str, Settings]]:
        """Those that may have releases, each with the settings that lead to them."""
        names = self._settings.paths.publications
        return [(name, replace(self._settings, publication=name)) for name in names]

    def held(self, folder: Path) -> frozenset[str]:
        """The buildings of a release; none if it is damaged."""
        if folder not in self._held:
            try:
                table = pq.read_table(folder / file_of("dim_building"), columns=["building_id"])
            except (OSError, pa.ArrowException):
                return frozenset()
            self._held[folder] = frozenset(table["building_id"].to_pylist())
        return self._held[folder]

    def published(self, folder: Path, seen: Seen) -> Published:
        """A release as somebody sees it who may see so much. Raises Problem: 503."""
        try:
            release = releases.read(folder)
            key = (release, seen)  # a later run may give the same tables a later time
            with self._lock:
                if key not in self._published:
                    index = files.read_json(folder / FOLDER / "index.json")
                    self._published[key] = Published(release, index, seen)
                    while len(self._published) > KEPT:
                        self._published.popitem(last=False)
                return self._published[key]
        except (OSError, StorageError) as error:
            raise Problem(503, "the last release cannot be read; publish again") from error


@dataclass(frozen=True)
class View:
    """What one person may see, for the length of a request."""

    catalogue: Catalogue
    registry: Registry
    person: Person | None

    def _seen(self, publication_id: str, folder: Path) -> Seen:
        """What the person may read of the buildings of a release."""
        found = {
            name: access_to(self.registry, self.person, publication_id, name)
            for name in self.catalogue.held(folder)
        }
        return frozenset((name, access) for name, access in found.items() if access)

    def sees_all_of(self, publication_id: str, folder: Path) -> bool:
        """Whether they may read all of a release, and so its files."""
        seen, held = self._seen(publication_id, folder), self.catalogue.held(folder)
        return bool(held) and {name for name, access in seen if access.is_whole} == held

    def by_publication(self) -> dict[str, Published]:
        """The last release of each publication with something to see, the default one first."""
        found = {}
        for name, settings in self.catalogue.publications():
            folder = releases.latest_folder(settings)
            if folder is not None and (seen := self._seen(name, folder)):
                found[name] = self.catalogue.published(folder, seen)
        return found

    def all(self) -> list[Published]:
        """The same, without the names of the publications."""
        return list(self.by_publication().values())

    def buildings(self) -> list[dict[str, Any]]:
        """Each building once, with the release that `of_building` gives."""
        found: dict[str, Any] = {}
        for published in self.all():
            for name, row in published.buildings.items():
                found.setdefault(name, row | published.heads)
        return list(found.values())

    def of_building(self, building_id: str, *, whole: bool = False) -> Published:
        """The release that a building is published in. Raises Problem: 404.

        `whole`: for those who may read all of the building.
        """
        for published in self.all():
            access = published.access.get(building_id)
            if access and building_id in published.buildings and (access.is_whole or not whole):
                return published
        raise not_found(f"building {building_id[:80]!r}")

    def sees(self, building_id: str) -> bool:
        """Whether they may read all of a building, published or not."""
        found = (
            access_to(self.registry, self.person, row.publication_id, building_id)
            for row in self.registry.publications
            if row.names(building_id)
        )
        return any(access is not None and access.is_whole for access in found)

    def folders(self) -> dict[str, Path]:
        """The folders of all releases of which all may be seen, by version, newest first; the
        default publication's where two have one version.
        """
        found: dict[str, Path] = {}
        for name, settings in reversed(self.catalogue.publications()):
            for path in settings.paths.releases.glob("[0-9]*-*"):
                if VERSION.fullmatch(path.name) and self.sees_all_of(name, path):
                    found[path.name] = path
        return dict(sorted(found.items(), reverse=True))

    def _withdrawn(self) -> dict[str, dict[str, Any]]:
        """What was withdrawn of public publications, by version."""
        closed = {p.publication_id for p in self.registry.publications if p.access != "public"}
        return {
            row["version"]: row
            for name, settings in self.catalogue.publications()
            if name not in closed
            for row in withdrawn(settings)
        }

    def release(self, version: str) -> Path:
        """The folder of a release. Raises Problem: 404; 410 if a public one was withdrawn."""
        folder = self.folders().get(version) if VERSION.fullmatch(version) else None
        if folder is None:
            if row := self._withdrawn().get(version):
                raise Problem(410, f"withdrawn on {row['withdrawn']}: {row['reason']}")
            raise not_found(f"release {version[:80]!r}")
        return folder
