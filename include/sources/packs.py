"""Lands many small files as packs, one a datasource and day (include/ledger/pack.py).

The day is in the file's name: group `day` of file_pattern. What a pack has is known by name, size
and time of modification, as a file is by its ledger row.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

import pyarrow as pa

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
        self._known: dict[str, FileVersion] = {}
        self._members: dict[str, pa.Table] = {}
        self._new: dict[str, list[pa.Table]] = defaultdict(list)
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
        self._known[path], self._members[path] = version, members

    def has(self, file: RemoteFile) -> bool:
        """Whether a pack has the file of that name with this size and time."""
        return (file.path, file.size, file.modified) in self._seen

    def add(self, copied: Iterable[Copied]) -> None:
        """Take over copied files, in order of name."""
        packs: dict[str, list[Copied]] = defaultdict(list)
        for one in sorted(copied, key=lambda one: one.file.path):
            packs[pack_of(self._datasource, one.file.path)].append(one)
        for path, members in packs.items():
            self._new[path].append(self._table(path, members))

    def _table(self, path: str, members: list[Copied]) -> pa.Table:
        before = [self._members[path]] if path in self._members else []
        first = 1 + sum(table.num_rows for table in (*before, *self._new[path]))
        columns = [
            pa.array(range(first, first + len(members)), pa.int32()),
            [one.file.path for one in members],
            [one.file.size for one in members],
            [one.file.modified for one in members],
            [one.digest for one in members],
            [one.local.read_bytes() for one in members],
        ]
        return pa.table(dict(zip(PART.names, columns, strict=True)), schema=PART)

    def arrivals(self) -> list[Arrival]:
        """Land what was added; the packs that have grown, with all their parts."""
        return [self._grow(path, merged(tables)) for path, tables in sorted(self._new.items())]

    def _grow(self, path: str, added: pa.Table) -> Arrival:
        paths, source = self._run.settings.paths, self._datasource
        version = self._known.get(path)
        parts = version.parts if version else ()
        members = added.select(MEMBERS.names)
        if version:
            members = merged([self._members[path], members])
            if len(parts) >= MOST_PARTS:
                whole = Pack(tuple(version.landed(paths))).read()
                added, parts = merged([whole, added]), ()
        with files.scratch_folder(paths.work) as folder:
            part = write_part(folder, added)
            files.move(part, paths.landed(source.building_id, source.datasource_id, part.name))
        return Arrival(
            source.datasource_id,
            source.building_id,
            path,
            size=sum(members["size"].to_pylist()),
            modified=max(members["modified"].to_pylist()),
            sha256=digest_of(members),
            parts=(*parts, part.name),
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
