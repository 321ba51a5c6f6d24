"""The ledger: every file version ever seen, what became of it, and why. One Parquet file, replaced whole.

It is the platform's memory: what is not in it is new, and what it calls accepted is what the numbers are made of.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from include import files

Verdict = Literal["accepted", "refused", "withdrawn"]  # withdrawn: refused, then taken off the drive


@dataclass(frozen=True)
class Finding:
    """Something a person should know; `severity` error findings of a check refuse the file."""

    check: str
    severity: Literal["error", "warning"]
    message: str
    where: str = ""
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.check}: {self.message}" + (f" ({self.where})" if self.where else "") + (f". {self.cure}" if self.cure else "")


@dataclass(frozen=True)
class Arrival:
    """A file version as it came from the remote, already under its final name in landing."""

    datasource_id: str
    building_id: str
    path: str
    size: int
    modified: str
    sha256: str


@dataclass(frozen=True)
class Layout:
    """How to read an accepted file: everything that SQL must know about it, proven by looking at the file."""

    columns: tuple[str, ...]
    date_format: str
    device: str = ""


@dataclass(frozen=True)
class FileVersion:
    """One row of the ledger. Times of readings are the device's wall clock, without zone."""

    number: int
    datasource_id: str
    building_id: str
    path: str
    size: int
    modified: str
    sha256: str
    first_seen: datetime
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    layout: Layout | None = None
    rows: int = 0
    cells: int = 0
    nulls: int = 0
    first_reading: datetime | None = None
    last_reading: datetime | None = None
    skipped_checks: tuple[str, ...] = field(default=())

    @property
    def reasons(self) -> list[str]:
        return [str(finding) for finding in self.findings if finding.severity == "error"]


SCHEMA = pa.schema(
    [
        ("number", pa.int32()),
        ("datasource_id", pa.string()),
        ("building_id", pa.string()),
        ("path", pa.string()),
        ("size", pa.int64()),
        ("modified", pa.string()),
        ("sha256", pa.string()),
        ("first_seen", pa.timestamp("us", "UTC")),
        ("verdict", pa.string()),
        ("findings", pa.string()),
        ("layout", pa.string()),
        ("rows", pa.int64()),
        ("cells", pa.int64()),
        ("nulls", pa.int64()),
        ("first_reading", pa.timestamp("us")),
        ("last_reading", pa.timestamp("us")),
        ("skipped_checks", pa.list_(pa.string())),
    ]
)


class Ledger:
    """All file versions in the order of their numbers. Immutable: `with_versions` gives the next ledger."""

    def __init__(self, versions: Iterable[FileVersion] = ()) -> None:
        self.versions = tuple(versions)

    @classmethod
    def read(cls, path: Path) -> "Ledger":
        if not path.exists():
            return cls()
        return cls(_from_row(row) for row in files.read_parquet(path, SCHEMA).to_pylist())

    def write(self, path: Path) -> None:
        files.write_parquet(path, pa.Table.from_pylist([_to_row(version) for version in self.versions], schema=SCHEMA))

    def latest(self, datasource_id: str) -> dict[str, FileVersion]:
        """The newest version of each path of a datasource."""
        return {version.path: version for version in self.versions if version.datasource_id == datasource_id}

    def accepted(self, building_id: str, as_of: datetime) -> list[FileVersion]:
        """What a run as of that time may use."""
        return [v for v in self.versions if v.building_id == building_id and v.verdict == "accepted" and v.first_seen <= as_of]

    def refused(self) -> list[FileVersion]:
        """Refused files that no later version of the same path has cured."""
        newest = {(v.datasource_id, v.path): v for v in self.versions}
        return [version for version in newest.values() if version.verdict == "refused"]

    def without_withdrawn(self, datasource_id: str, listed: Collection[str]) -> "Ledger":
        """A refusal also ends when its file is taken off the drive: renamed, split in two, or given up."""
        gone = {v.number for v in self.refused() if v.datasource_id == datasource_id and v.path not in listed}
        return Ledger(replace(v, verdict="withdrawn") if v.number in gone else v for v in self.versions)

    def with_versions(self, judged: Iterable[FileVersion]) -> "Ledger":
        """Number and add what was judged, in an order that does not depend on who was first.

        A version with the contents of its path's newest one only renews what the remote says of it, and its verdict
        when that changed (a corrected seed).
        """
        versions = list(self.versions)
        newest = {(v.datasource_id, v.path): index for index, v in enumerate(versions)}
        for version in sorted(judged, key=lambda v: (v.datasource_id, v.path)):
            index = newest.get((version.datasource_id, version.path))
            if index is not None and versions[index].sha256 == version.sha256:
                versions[index] = replace(version, number=versions[index].number, first_seen=versions[index].first_seen)
            else:
                newest[version.datasource_id, version.path] = len(versions)
                versions.append(replace(version, number=len(versions) + 1))
        return Ledger(versions)


def judged_to_json(version: FileVersion) -> dict[str, Any]:
    row = _to_row(version)
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}


def judged_from_json(row: dict[str, Any]) -> FileVersion:
    times = ("first_seen", "first_reading", "last_reading")
    return _from_row({key: datetime.fromisoformat(value) if key in times and value else value for key, value in row.items()})


def _to_row(version: FileVersion) -> dict[str, Any]:
    return {
        **{name: getattr(version, name) for name in SCHEMA.names},
        "findings": json.dumps([asdict(finding) for finding in version.findings], ensure_ascii=False),
        "layout": json.dumps(asdict(version.layout), ensure_ascii=False) if version.layout else None,
        "skipped_checks": list(version.skipped_checks),
    }


def _from_row(row: dict[str, Any]) -> FileVersion:
    layout = json.loads(row["layout"]) if row["layout"] else None
    return FileVersion(
        **{
            **row,
            "findings": tuple(Finding(**finding) for finding in json.loads(row["findings"])),
            "layout": Layout(**{**layout, "columns": tuple(layout["columns"])}) if layout else None,
            "skipped_checks": tuple(row["skipped_checks"]),
        }
    )
