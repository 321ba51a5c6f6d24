"""Copies many small files at a time: each costs a file here otherwise, made and removed."""

import hashlib
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from include.core import files
from include.core.errors import RemoteError
from include.core.rclone import RemoteFile
from include.core.settings import Settings
from include.registry.rows import Datasource
from include.sources.copied import Copied
from include.sources.packs import pack_of
from include.sources.registry import source_of

FEWEST = 16  # fewer are copied as files
AT_ONCE = 4  # archives: one reads its files one after the other
DAMAGE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, ValueError)


def copy_as_archives(
    settings: Settings, datasource: Datasource, wanted: list[RemoteFile]
) -> Iterator[list[Copied]]:
    """What came of the files of each pack, verified; one that did not is left to be copied as a
    file, which says why.
    """
    packs: dict[str, list[RemoteFile]] = defaultdict(list)
    for file in wanted:
        packs[pack_of(datasource, file.path)].append(file)
    many = [batch for batch in packs.values() if len(batch) >= FEWEST]
    if not many:
        return
    incoming = files.empty_folder(settings.paths.incoming / datasource.datasource_id)
    source = source_of(datasource)

    def fetch(numbered: tuple[int, list[RemoteFile]]) -> Path | None:
        number, batch = numbered
        archive = incoming / f"{number}.zip"
        try:
            source.fetch_archive(datasource.location, archive, [file.path for file in batch])
        except RemoteError:
            return None
        return archive

    with ThreadPoolExecutor(AT_ONCE) as pool:
        archives = list(pool.map(fetch, enumerate(many)))
    paths = [file.path for batch in many for file in batch]
    listed = source.list(datasource.location, only=paths, with_digest=True)
    after = {file.path: file for file in listed}
    for archive, batch in zip(archives, many, strict=True):
        yield list(_verified(archive, batch, after)) if archive else []
    files.remove(incoming)


def _verified(
    archive: Path, batch: list[RemoteFile], after: dict[str, RemoteFile]
) -> Iterator[Copied]:
    """The members that are what was listed before and after."""
    try:
        with zipfile.ZipFile(archive) as packed:
            there = set(packed.namelist())
            for before in batch:
                now = after.get(before.path)
                if now is None or before.path not in there:
                    continue
                content = packed.read(before.path)
                is_same = (now.size, now.modified) == (before.size, before.modified)
                if is_same and len(content) == now.size and _has_digest(content, now.digest):
                    yield Copied(now, content, hashlib.sha256(content).hexdigest())
    except DAMAGE:
        return


def _has_digest(content: bytes, digest: str) -> bool:
    kind, _, expected = digest.partition(":")
    return not kind or hashlib.new(kind, content).hexdigest() == expected
