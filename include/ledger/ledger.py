"""The ledger: every file version ever seen, what became of it, and why.

One Parquet file a building, replaced whole. A version's number is unique within its building.

It is the platform's memory: what is not in it is new, and what it calls accepted is what the
numbers are made of.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from include.core import files
from include.core.errors import ConfigurationError
from include.core.paths import DataPaths
from include.ledger.pack import Pack
from include.registry.erased import read_tombstones

# gone: refused, then taken off the drive; empty: an answer of an address that holds no records
Verdict = Literal["accepted", "refused", "gone", "empty"]

# 4: packs. 3: each building apart. 2: landed values, readings dated in UTC, rejected lines.
# 1: landed texts, wall clocks; it did not say its number.
STATE_FORMAT = 4
_FORMAT_KEY = b"state_format"
LOST = "input_lost"  # the check of a version that was accepted and cannot be read any more


@dataclass(frozen=True)
class Finding:
    """Something a person should know; `severity` error findings of a check refuse the file."""

    check: str
    severity: Literal["error", "warning"]
    message: str
    where: str = ""
    cure: str = ""

    def __str__(self) -> str:
        return (
            f"{self.check}: {self.message}"
            + (f" ({self.where})" if self.where else "")
            + (f". {self.cure}" if self.cure else "")
        )

    @property
    def redacted(self) -> "Finding":
        """What may be said of a restricted building: neither a name nor a text of its files."""
        return replace(self, message="see quarantine in DATA_DIR", where="", cure="")


@dataclass(frozen=True)
class Arrival:
    """A file version as it came from the remote, already under its final name in landing; of a pack
    all `parts` that there are now.
    """

    datasource_id: str
    building_id: str
    path: str
    size: int
    modified: str
    sha256: str
    parts: tuple[str, ...] = ()
    number: int = 0  # of the pack that has grown


@dataclass(frozen=True)
class Layout:
    """How an accepted file was read: everything that later steps must know of it.

    `columns` are the names of the value columns; in landing their values are `n0`, `n1` …, and what
    is unreadable in them `t0`, `t1` …: no name of a file is ever the name of a column of ours.
    `basis` says what proved the date format (date_order.py), given what `others` had proven.
    `declared` is the fingerprint of the declarations it was read by.
    """

    columns: tuple[str, ...]
    date_format: str
    device: str = ""
    basis: str = "not needed"
    others: tuple[str, ...] = ()
    declared: str = ""


@dataclass(frozen=True)
class FileVersion:
    """One row of the ledger. Times are UTC.

    `rows` are accepted lines, `rejected` lines that could not be read; `cells` = rows × value
    columns, of which `nulls` are empty and `unreadable` are not numbers. `months` are the
    building's months in which it has readings. `exported` is the time of export in its name. A file
    with readings in the future is judged again from `judge_again` on, any file when its
    datasource's declaration differs from `judged_by`.

    A pack (pack.py) grows under its number: `parts` are the digests of its files in landing, and
    `sha256` that of its members'.
    """

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
    rejected: int = 0
    cells: int = 0
    nulls: int = 0
    unreadable: int = 0
    first_reading: datetime | None = None
    last_reading: datetime | None = None
    months: tuple[str, ...] = ()
    exported: datetime | None = None
    judge_again: datetime | None = None
    judged_by: str = ""
    skipped_checks: tuple[str, ...] = field(default=())
    parts: tuple[str, ...] = ()

    def landed(self, paths: DataPaths) -> dict[Path, str]:
        """The files in landing that hold it as received, each with its digest."""
        digests = self.parts or (self.sha256,)
        place = self.building_id, self.datasource_id
        return {paths.landed(*place, digest): digest for digest in digests}

    def raw(self, paths: DataPaths) -> Path | Pack:
        """What is read: the file as received, or the pack."""
        landed = tuple(self.landed(paths))
        return Pack(landed) if self.parts else landed[0]

    @property
    def key(self) -> tuple[str, int]:
        """Building and number: what names the version for good."""
        return self.building_id, self.number

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it came from: versions of one place follow each other."""
        return self.building_id, self.datasource_id, self.path

    @property
    def was_accepted(self) -> bool:
        """Whether it is refused now and its readings were used before: it is lost, or other files
        of its device disagree.
        """
        return self.verdict == "refused" and (
            bool(self.months) or any(finding.check == LOST for finding in self.findings)
        )

    @property
    def redacted(self) -> "FileVersion":
        """What may be said of a file of a restricted building."""
        return replace(
            self,
            path=f"{self.datasource_id}, a file with the checksum {self.sha256[:8]}",
            findings=tuple(finding.redacted for finding in self.findings),
        )

    @property
    def reasons(self) -> list[str]:
        """The findings that refuse the file, each with place and cure."""
        return [str(finding) for finding in self.findings if finding.severity == "error"]


def redact(versions: Iterable[FileVersion], restricted: Collection[str]) -> list[FileVersion]:
    """The versions for logs and pages: those of restricted buildings without names and texts."""
    return [v.redacted if v.building_id in restricted else v for v in versions]


_UTC = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [
        ("number", pa.int32()),
        ("datasource_id", pa.string()),
        ("building_id", pa.string()),
        ("path", pa.string()),
        ("size", pa.int64()),
        ("modified", pa.string()),
        ("sha256", pa.string()),
        ("first_seen", _UTC),
        ("verdict", pa.string()),
        ("findings", pa.string()),
        ("layout", pa.string()),
        ("rows", pa.int64()),
        ("rejected", pa.int64()),
        ("cells", pa.int64()),
        ("nulls", pa.int64()),
        ("unreadable", pa.int64()),
        ("first_reading", _UTC),
        ("last_reading", _UTC),
        ("months", pa.list_(pa.string())),
        ("exported", _UTC),
        ("judge_again", _UTC),
        ("judged_by", pa.string()),
        ("skipped_checks", pa.list_(pa.string())),
        ("parts", pa.list_(pa.string())),
    ],
    metadata={_FORMAT_KEY: str(STATE_FORMAT).encode()},
)


def check_state_format(found: int, where: str) -> None:
    """Raise ConfigurationError if the state was written by a newer checkout than this one."""
    if found > STATE_FORMAT:
        raise ConfigurationError(
            f"the state was written by a newer version of the platform (state format {found}, this"
            f" checkout reads up to {STATE_FORMAT})",
            where=where,
            cure="update this checkout, or give it a DATA_DIR and a STATE_REMOTE of its own",
        )


def read_file(path: Path) -> list[FileVersion]:
    """The file versions in one file of the ledger.

    Raises ConfigurationError if a newer checkout wrote it.
    """
    found = files.parquet_metadata(path).get(_FORMAT_KEY)
    if found is None:
        return [_from_format_1(row) for row in files.read_parquet(path).to_pylist()]
    check_state_format(int(found), str(path))
    return [_from_row(row) for row in files.read_parquet(path, SCHEMA).to_pylist()]


class Ledger:
    """The file versions of some buildings, each building's in the order of their numbers.

    Immutable: `with_versions` gives the next ledger.
    """

    def __init__(
        self, versions: Iterable[FileVersion] = (), last_numbers: Mapping[str, int] | None = None
    ) -> None:
        self.versions = tuple(versions)
        self.last_numbers = last_numbers or {}  # those of erased versions are not given again

    @classmethod
    def read(cls, paths: DataPaths, *buildings: str) -> "Ledger":
        """The ledger of these buildings; of all if none is named. Empty where there is none.

        Raises ConfigurationError if a newer checkout wrote it.
        """
        names = buildings or paths.known_buildings
        there = [path for path in map(paths.ledger, names) if path.exists()]
        erased = {
            name: max(tombstone.last_number for tombstone in tombstones)
            for name in names
            if (tombstones := read_tombstones(paths, name))
        }
        return cls((version for path in there for version in read_file(path)), erased)

    def write(self, paths: DataPaths, before: "Ledger | None" = None) -> None:
        """Replace on disk the ledger of each building; of those alone in which something differs
        from `before`, if that is given.
        """
        known = before.by_building() if before else {}
        for building_id, versions in self.by_building().items():
            if versions != known.get(building_id):
                self.write_of(paths, building_id)

    def write_of(self, paths: DataPaths, building_id: str) -> None:
        """Replace on disk the ledger of one building, also by an empty one."""
        rows = [_to_row(version) for version in self.of(building_id).versions]
        files.write_parquet(paths.ledger(building_id), pa.Table.from_pylist(rows, schema=SCHEMA))

    def by_building(self) -> dict[str, list[FileVersion]]:
        """The versions of each building."""
        found: dict[str, list[FileVersion]] = {}
        for version in self.versions:
            found.setdefault(version.building_id, []).append(version)
        return found

    def of(self, building_id: str) -> "Ledger":
        """The ledger of one building."""
        return Ledger(version for version in self.versions if version.building_id == building_id)

    def latest(self, datasource_id: str) -> dict[str, FileVersion]:
        """The newest version of each path of a datasource."""
        return {
            version.path: version
            for version in self.versions
            if version.datasource_id == datasource_id
        }

    def accepted(
        self, building_id: str, as_of: datetime, withdrawn: Collection[str] = ()
    ) -> list[FileVersion]:
        """What a run as of that time may use: `withdrawn` are digests of files that people have
        taken out.
        """
        return [
            v
            for v in self.versions
            if v.building_id == building_id
            and v.verdict == "accepted"
            and v.layout
            and v.first_seen <= as_of
            and v.sha256 not in withdrawn
        ]

    def refused(self) -> list[FileVersion]:
        """Refused files that no later version of the same path has cured, and those whose readings
        were used before.
        """
        newest = {v.place: v for v in self.versions}
        return [
            v
            for v in self.versions
            if v.verdict == "refused" and (v.was_accepted or newest[v.place] is v)
        ]

    def without_gone(
        self, datasource_id: str, listed: Collection[str], withdrawn: Collection[str] = ()
    ) -> "Ledger":
        """A refusal also ends when its file is taken off the drive (renamed, split in two, given
        up) or withdrawn.

        A file whose readings were used before has to be withdrawn: that it is not on the drive may
        be the fault.
        """
        refused = [v for v in self.refused() if v.datasource_id == datasource_id]
        gone = {
            v.key
            for v in refused
            if v.sha256 in withdrawn or (v.path not in listed and not v.was_accepted)
        }
        return Ledger(replace(v, verdict="gone") if v.key in gone else v for v in self.versions)

    def replaced(self, versions: Iterable[FileVersion]) -> "Ledger":
        """The ledger with other facts of versions that it knows by their numbers."""
        new = {version.key: version for version in versions}
        return Ledger(new.get(version.key, version) for version in self.versions)

    def proven_by_themselves(
        self, datasource_id: str, withdrawn: Collection[str] = ()
    ) -> dict[str, tuple[str, ...]]:
        """For each device of a datasource, the date formats that its accepted files have proven by
        themselves.
        """
        proven: dict[str, set[str]] = {}
        for v in self.versions:
            if (
                v.datasource_id == datasource_id
                and v.verdict == "accepted"
                and v.layout
                and v.layout.basis == "itself"
                and v.sha256 not in withdrawn
            ):
                proven.setdefault(v.layout.device, set()).add(v.layout.date_format)
        return {device: tuple(sorted(formats)) for device, formats in proven.items()}

    def with_versions(self, judged: Iterable[FileVersion]) -> "Ledger":
        """Number and add what was judged, in an order that does not depend on who was first.

        A version that is known (by its number, or as the newest contents of its path) keeps number
        and `first_seen`; a pack also when it has grown.
        """
        versions = list(self.versions)
        numbered = {v.key: index for index, v in enumerate(versions)}
        newest = {v.place: index for index, v in enumerate(versions)}
        last = dict(self.last_numbers)
        for v in versions:
            last[v.building_id] = max(v.number, last.get(v.building_id, 0))
        for version in sorted(judged, key=lambda v: (v.datasource_id, v.path, v.number)):
            index = numbered[version.key] if version.number else newest.get(version.place)
            is_grown = bool(version.number and version.parts)
            if index is not None and (versions[index].sha256 == version.sha256 or is_grown):
                versions[index] = replace(
                    version, number=versions[index].number, first_seen=versions[index].first_seen
                )
            else:
                newest[version.place] = len(versions)
                last[version.building_id] = number = last.get(version.building_id, 0) + 1
                versions.append(replace(version, number=number))
        return Ledger(versions)


def judged_to_json(version: FileVersion) -> dict[str, Any]:
    """A version with its findings, as JSON. `judged_from_json` reads it."""
    row = _to_row(version)
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in row.items()
    }


def judged_from_json(row: dict[str, Any]) -> FileVersion:
    """A version from JSON that `judged_to_json` wrote."""
    times = [name for name in SCHEMA.names if SCHEMA.field(name).type == _UTC]
    return _from_row(
        {
            key: datetime.fromisoformat(value) if key in times and value else value
            for key, value in row.items()
        }
    )


def _to_row(version: FileVersion) -> dict[str, Any]:
    return {
        **{name: getattr(version, name) for name in SCHEMA.names},
        "findings": json.dumps(
            [asdict(finding) for finding in version.findings], ensure_ascii=False
        ),
        "layout": (
            json.dumps(asdict(version.layout), ensure_ascii=False) if version.layout else None
        ),
        "months": list(version.months),
        "skipped_checks": list(version.skipped_checks),
        "parts": list(version.parts),
    }


def _from_row(row: dict[str, Any]) -> FileVersion:
    layout = json.loads(row["layout"]) if row["layout"] else None
    return FileVersion(
        **{
            **row,
            "findings": tuple(Finding(**finding) for finding in json.loads(row["findings"])),
            "layout": (
                Layout(
                    **{
                        **layout,
                        "columns": tuple(layout["columns"]),
                        "others": tuple(layout["others"]),
                    }
                )
                if layout
                else None
            ),
            "months": tuple(row["months"]),
            "skipped_checks": tuple(row["skipped_checks"]),
            "parts": tuple(row["parts"] or ()),  # not in state format 3
        }
    )


def _from_format_1(row: dict[str, Any]) -> FileVersion:
    """A row as it was before `state_format`: identity and verdict hold; how the file reads must be
    found out again.
    """
    kept = (
        "number",
        "datasource_id",
        "building_id",
        "path",
        "size",
        "modified",
        "sha256",
        "first_seen",
        "rows",
        "cells",
        "nulls",
    )
    verdict: Verdict = "gone" if row["verdict"] == "withdrawn" else row["verdict"]
    return FileVersion(
        **{name: row[name] for name in kept},
        verdict=verdict,
        findings=tuple(Finding(**finding) for finding in json.loads(row["findings"])),
        skipped_checks=tuple(row["skipped_checks"]),
    )
