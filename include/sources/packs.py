"""Lands many small files as packs, one a datasource and day (include/ledger/pack.py).

The day is in the file's name: group `day` of file_pattern. What a pack has is known by name, size
and time of modification, as a file is by its ledger row.
"""

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from include.core import files
from include.core.errors import DamagedFile
from include.core.rclone import RemoteFile
from include.ledger.ledger import Arrival, FileVersion, Finding, Ledger
from include.ledger.pack import MEMBERS, PART, Pack, digest_of, merged, write_part
from include.registry import Run
from include.registry.rows import Datasource
from include.sources.copied import Copied
from include.sources.landed import is_landed_whole

TIME = re.compile(r"(.{19})(\.\d+)?(Z|[+-]\d\d:\d\d)")
NAMED = ("name", "size", "modified")
MOST_PARTS = 48  # more become one: a pack that grows by the minute is written 30 times a day


class Packs:
    """The packs of a datasource, and what a run adds to them.

    A pack that is withdrawn, or of which a part is lost, does not grow any more: what comes for its
    day begins another version.

    Attributes:
        findings: packs of which a part is lost; its files are packed again if they are on the
            drive.
    """

    def __init__(self, run: Run, datasource: Datasource, ledger: Ledger) -> None:
        self._run, self._datasource = run, datasource
        self._members: dict[str, pa.Table] = {}
        self._parts: dict[str, list[str]] = {}
        self._numbers: dict[str, int] = {}
        self._grown: set[str] = set()
        self._seen: dict[str, tuple[int, str]] = {}  # the newest file of each name
        self.findings: list[Finding] = []
        withdrawn = run.registry.withdrawn(run.as_of)
        for version in ledger.versions:
            if version.parts and version.datasource_id == datasource.datasource_id:
                self._read(version, can_grow=version.sha256 not in withdrawn)

    def _read(self, version: FileVersion, *, can_grow: bool) -> None:
        path = version.path
        for known in (self._members, self._parts, self._numbers):
            known.pop(path, None)  # of an older version
        tables = [self._table(Path(part)) for part in version.landed(self._run.settings.paths)]
        if None in tables and is_landed_whole(self._run, version):
            tables = [self._table(Path(part)) for part in version.landed(self._run.settings.paths)]
        whole = [table for table in tables if table is not None]
        for table in whole:
            self._remember(table)
        if len(whole) < len(tables):
            self.findings.append(_lost(self._datasource, version, sum(t.num_rows for t in whole)))
        elif can_grow:
            self._members[path], self._parts[path] = merged(whole), list(version.parts)
            self._numbers[path] = version.number

    def _table(self, part: Path) -> pa.Table | None:
        try:
            return Pack((part,)).members()
        except (FileNotFoundError, DamagedFile):
            return None

    def _remember(self, members: pa.Table) -> None:
        names, sizes, times = (members[column].to_pylist() for column in NAMED)
        self._seen |= dict(zip(names, zip(sizes, times, strict=True), strict=True))

    def has(self, file: RemoteFile) -> bool:
        """Whether the newest file of that name in a pack has this size and time."""
        return self._seen.get(file.path) == (file.size, _in_utc(file.modified))

    def add(self, copied: Iterable[Copied]) -> int:
        """Land copied files, in order of name, as a part of each of their packs; how many."""
        packs: dict[str, list[Copied]] = defaultdict(list)
        for one in sorted(copied, key=lambda one: one.file.path):
            packs[pack_of(self._datasource, one.file.path)].append(one)
        for path, members in packs.items():
            self._grow(path, members)
        return sum(map(len, packs.values()))

    def _grow(self, path: str, added: list[Copied]) -> None:
        before = self._members.get(path, MEMBERS.empty_table())
        first = before.num_rows + 1
        columns = [
            pa.array(range(first, first + len(added)), pa.int32()),
            [one.file.path for one in added],
            [one.file.size for one in added],
            [_in_utc(one.file.modified) for one in added],
            [one.digest for one in added],
            [one.content for one in added],
        ]
        part = pa.table(dict(zip(PART.names, columns, strict=True)), schema=PART)
        self._members[path] = merged([before, part.select(MEMBERS.names)])
        parts = self._parts.setdefault(path, [])
        if len(parts) >= MOST_PARTS:
            with contextlib.suppress(DamagedFile):  # validation finds it, and brings it back
                part = merged([Pack(tuple(map(self._landed, parts))).read(), part])
                parts.clear()
        with files.scratch_folder(self._run.settings.paths.work) as folder:
            written = write_part(folder, part)
            files.move(written, self._landed(written.name))
        parts.append(written.name)
        self._grown.add(path)
        self._remember(part)

    def _landed(self, digest: str) -> Path:
        source = self._datasource
        paths = self._run.settings.paths
        return paths.landed(source.building_id, source.datasource_id, digest)

    def arrivals(self) -> list[Arrival]:
        """The packs that have grown, with all their parts."""
        return [self._arrival(path, self._members[path]) for path in sorted(self._grown)]

    def _arrival(self, path: str, members: pa.Table) -> Arrival:
        return Arrival(
            self._datasource.datasource_id,
            self._datasource.building_id,
            path,
            size=pc.sum(members["size"]).as_py(),
            modified=pc.max(members["modified"]).as_py(),
            sha256=digest_of(members),
            parts=tuple(self._parts[path]),
            number=self._numbers.get(path, 0),
        )


def pack_of(datasource: Datasource, path: str) -> str:
    """The path of the pack that a file is in: its day, and its device if the name has one."""
    match = re.fullmatch(datasource.file_regex, PurePosixPath(path).name)
    groups = match.groupdict() if match else {}
    device = groups.get("device")
    return f"{groups.get('day') or 'no day'}{f'/{device}' if device else ''}"


def _in_utc(modified: str) -> str:
    """The same instant: rclone names times of local files in the zone of the machine."""
    found = TIME.fullmatch(modified)
    if not found:
        return modified
    second, fraction, zone = found[1], (found[2] or "").rstrip("0").rstrip("."), found[3]
    if zone not in ("Z", "+00:00"):
        instant = datetime.fromisoformat(second + zone).astimezone(UTC)
        second = f"{instant:%Y-%m-%dT%H:%M:%S}"
    return f"{second}{fraction}Z"


def _lost(datasource: Datasource, version: FileVersion, left: int) -> Finding:
    count = version.rows + version.rejected
    return Finding(
        "pack_lost",
        "error",
        f"a part of the pack {version.path} is lost: {left:,} of its {count:,} files are left; the"
        " others are packed again if they are on the drive",
        where=datasource.location,
        cure="Compare the number of its files (docs/runbook.md, lost inputs)",
    )
