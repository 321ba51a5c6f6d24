"""Lands many small files as packs, one a datasource and day (include/ledger/pack.py).

The day is in the file's name: group `day` of file_pattern. What a pack has is known by name, size
and time of modification, as a file is by its ledger row.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from include.core import files
from include.core.errors import DamagedFile
from include.core.rclone import RemoteFile
from include.ledger.ledger import Arrival, FileVersion, Finding
from include.ledger.pack import MEMBERS, PART, Pack, digest_of, merged, write_part
from include.registry import Run
from include.registry.rows import Datasource
from include.sources.copied import Copied
from include.sources.landed import is_landed_whole

NAMED = ("name", "size", "modified")
MOST_PARTS = 48  # more become one: a pack that grows by the minute is written 30 times a day


class Packs:
    """The packs of a datasource, and what a run adds to them.

    Attributes:
        findings: packs that are lost, and will be made again of what is on the drive.
    """

    def __init__(self, run: Run, datasource: Datasource, known: dict[str, FileVersion]) -> None:
        self._run, self._datasource = run, datasource
        self._members: dict[str, pa.Table] = {}
        self._parts: dict[str, list[str]] = {}
        self._grown: set[str] = set()
        self.findings: list[Finding] = []
        for path, version in known.items():
            if version.parts:
                self._read(path, version)
        self._seen = {
            member
            for members in self._members.values()
            for member in zip(*(members[c].to_pylist() for c in NAMED), strict=True)
        }

    def _read(self, path: str, version: FileVersion) -> None:
        pack = version.raw(self._run.settings.paths)
        assert isinstance(pack, Pack)
        try:
            members = pack.members()
        except (FileNotFoundError, DamagedFile):
            if not is_landed_whole(self._run, version):
                self.findings.append(_lost(self._datasource, version))
                return
            members = pack.members()
        self._members[path], self._parts[path] = members, list(version.parts)

    def has(self, file: RemoteFile) -> bool:
        """Whether a pack has the file of that name with this size and time."""
        return (file.path, file.size, file.modified) in self._seen

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
            [one.file.modified for one in added],
            [one.digest for one in added],
            [one.content for one in added],
        ]
        part = pa.table(dict(zip(PART.names, columns, strict=True)), schema=PART)
        self._members[path] = merged([before, part.select(MEMBERS.names)])
        parts = self._parts.setdefault(path, [])
        if len(parts) >= MOST_PARTS:
            part = merged([Pack(tuple(map(self._landed, parts))).read(), part])
            parts.clear()
        with files.scratch_folder(self._run.settings.paths.work) as folder:
            written = write_part(folder, part)
            files.move(written, self._landed(written.name))
        parts.append(written.name)
        self._grown.add(path)
        self._seen |= {(one.file.path, one.file.size, one.file.modified) for one in added}

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
        )


def pack_of(datasource: Datasource, path: str) -> str:
    """The path of the pack that a file is in: its day, and its device if the name has one."""
    match = re.fullmatch(datasource.file_regex, PurePosixPath(path).name)
    assert match, "it was claimed"
    return "/".join(match[group] for group in ("day", "device") if group in match.groupdict())


def _lost(datasource: Datasource, version: FileVersion) -> Finding:
    count = version.rows + version.rejected
    return Finding(
        "pack_lost",
        "warning",
        f"a part of the pack {version.path} is lost, which had {count:,} files: it is packed again"
        " of what is on the drive",
        where=datasource.location,
        cure="Compare the number of its files (docs/runbook.md, lost inputs)",
    )
