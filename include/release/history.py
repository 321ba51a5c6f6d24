"""The readings of all months, published one file a month, so that a value of any age can be traced.

A file is named by its contents and never overwritten: a corrected month is another file. A release
names its files in lineage.json, and a file stays on the publish remote as long as a release there
names it (docs/decisions/0034-history.md).
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from include.core import files
from include.core.errors import DamagedFile
from include.core.settings import Settings
from include.registry import Run
from include.replication import state
from include.store.store import Store

FOLDER = "history"
PATH = re.compile(rf"{FOLDER}/[a-z][a-z0-9_]*/[0-9]{{4}}-[0-9]{{2}}-[0-9a-f]{{8}}\.parquet")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class HistoryFile:
    """One building's month of readings, as published."""

    building_id: str
    month: str
    rows: int
    bytes: int
    sha256: str

    @property
    def path(self) -> str:
        """Below the publish remote."""
        return f"{FOLDER}/{self.building_id}/{self.month}-{self.sha256[:8]}.parquet"

    def to_json(self) -> dict[str, Any]:
        """As written to lineage.json."""
        return {"path": self.path, **asdict(self)}

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "HistoryFile":
        """Raises ValueError if `to_json` cannot have made it."""
        found = cls(
            entry["building_id"], entry["month"], entry["rows"], entry["bytes"], entry["sha256"]
        )
        counts = isinstance(found.rows, int) and isinstance(found.bytes, int)
        if not (
            counts
            and SHA256.fullmatch(found.sha256)
            and PATH.fullmatch(found.path)
            and found.path == entry["path"]
        ):
            raise ValueError("not a file of the history")
        return found


def history(run: Run, last: Path | None) -> list[HistoryFile]:
    """The files of the history that a release names now. `last` is the folder of the last release.

    Only months that the last release does not name are opened, so the cost of a day does not grow
    with history.
    """
    known = {building.building_id for building in run.registry.published_buildings}
    sizes = (
        {file.sha256: file.bytes for file in read_history(last / "lineage.json")} if last else {}
    )
    months = [
        HistoryFile(building_id, month, stored.rows, sizes.get(stored.sha256, 0), stored.sha256)
        for (building_id, month), stored in sorted(Store(run.settings).readings_manifest.items())
        if building_id in known
    ]
    if not (new := [file for file in months if not file.bytes]):
        return months
    with files.scratch_folder(run.settings.paths.work) as folder:
        lay_out(run.settings, new, folder)
        return [
            file if file.bytes else replace(file, bytes=(folder / file.path).stat().st_size)
            for file in months
        ]


def read_history(lineage: Path) -> list[HistoryFile]:
    """The files of the history that a release names; none if it was published before there was a
    history. Raises DamagedFile.
    """
    try:
        return [
            HistoryFile.from_json(entry)
            for entry in files.read_or(lineage, None).get("history", [])
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(
            "lineage.json has an invalid list of history files",
            where=str(lineage),
            cure=files.HEALING,
        ) from error


def lay_out(settings: Settings, months: Iterable[HistoryFile], folder: Path) -> None:
    """Put these files into a scratch folder under their published names, whole: from this machine,
    else from the state remote.
    """
    elsewhere = replace(
        settings, data_dir=folder, replay=False
    )  # what comes from the state remote must not replace a newer month here
    absent = {}
    for file in months:
        month = (file.building_id, file.month)
        target, here = folder / file.path, Store(settings).path_of_readings(month)
        target.parent.mkdir(parents=True, exist_ok=True)
        if here.is_file() and files.sha256(here) == file.sha256:
            target.hardlink_to(here)
        else:
            absent[Store(elsewhere).path_of_readings(month)] = file
    names = {str(path.relative_to(folder)): file.sha256 for path, file in absent.items()}
    state.fetch(elsewhere, state.State(0, names), names)
    for path, file in absent.items():
        path.rename(folder / file.path)
