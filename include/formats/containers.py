"""Files that come compressed, as gzip or zip: unpacked into scratch files before they are read.

What a file is, its first bytes say, not its name. Nothing in an archive is trusted: no name of it
becomes a path, and bytes are counted while they are unpacked.
"""

import gzip
import lzma
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from include.core import files
from include.formats.rejected import Refused
from include.formats.signatures import kind_of_file

# A year of readings by the second is some 2 GB of text.
MOST_UNPACKED = 2 << 30
# Text of sensors shrinks to a tenth, and to a hundredth if nothing changes.
MOST_RATIO, RATIO_FROM = 200, 64 << 20
MOST_MEMBERS = 10_000
CHUNK = 1 << 20
WHERE = "the archive"
AGAIN = "Pack it again, or upload the files unpacked"
IGNORED = re.compile(r"(.*/)?(__MACOSX/.*|\.DS_Store)", re.DOTALL)  # written by macOS
# In the first place of these files; they are workbooks or documents, not archives of files.
OFFICE = ("[Content_Types].xml", "mimetype")
DAMAGE = (  # OSError: a place in the file that cannot be
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True)
class Member:
    """A file of an archive, unpacked; the name is empty in gzip, and of a file without archive."""

    name: str
    path: Path


class Meter:
    """Counts unpacked bytes. Raises Refused where they are more than an export can have."""

    def __init__(self, packed: int, most: int) -> None:
        self._packed, self._most, self._unpacked = packed, most, 0

    def add(self, count: int) -> None:
        """Count some more bytes."""
        self._unpacked += count
        is_bomb = self._unpacked > max(RATIO_FROM, MOST_RATIO * self._packed)
        if self._unpacked > self._most or is_bomb:
            raise Refused(
                "archive",
                f"{self._packed:,} bytes unpack to more than {self._unpacked - count:,}: at most"
                f" {self._most:,} are unpacked, or {MOST_RATIO} for one",
                where="the file",
                cure="Upload the files unpacked, or in parts",
            )


def is_archive(raw: Path) -> bool:
    """Whether a file is gzip or zip, and not an Office file, which is zip as well."""
    kind = kind_of_file(raw)
    return kind == "gzip" or (kind == "zip" and not _is_office(raw))


def unpack(raw: Path, folder: Path) -> list[Member]:
    """Write the files of an archive into a folder of scratch files; in order of name.

    Raises Refused if it is damaged, encrypted, too large, or holds what no export holds.
    """
    meter = Meter(raw.stat().st_size, MOST_UNPACKED)
    try:
        if kind_of_file(raw) == "gzip":
            with gzip.open(raw) as packed:
                members = [_write(packed, "", folder / "0", meter)]
        else:
            with zipfile.ZipFile(raw) as archive:
                members = [
                    _write(archive.open(info), info.filename, folder / str(number), meter)
                    for number, info in enumerate(_members(archive))
                ]
    except DAMAGE as error:
        raise _damaged(error) from None
    for member in members:
        if is_archive(member.path):
            raise _refused(f"an archive in the archive{_named(member.name)}")
    return members


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive. Raises Refused if it holds none, or what no export holds."""
    found = [
        info
        for info in archive.infolist()
        if not info.is_dir() and not IGNORED.fullmatch(info.filename)
    ]
    if not found:
        raise Refused("empty_file", "the archive is empty", where=WHERE, cure="Export it again")
    if len(found) > MOST_MEMBERS:
        raise _refused(f"{len(found):,} files in the archive, at most {MOST_MEMBERS:,} are read")
    names: set[str] = set()
    for info in found:
        name, mode = info.filename, info.external_attr >> 16
        if name in names:
            raise _refused(f"two files of one name in the archive{_named(name)}")
        names.add(name)
        if _leads_elsewhere(name):
            raise _refused(f"a file in the archive has a path that leads elsewhere{_named(name)}")
        if stat.S_ISLNK(mode):
            raise _refused(f"a symbolic link in the archive{_named(name)}")
        if info.flag_bits & 0x1:
            raise Refused(
                "archive",
                f"the archive is encrypted{_named(name)}",
                where=WHERE,
                cure="Pack it without a password",
            )
    return sorted(found, key=lambda info: info.filename)


def _leads_elsewhere(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or not parts[0] or re.match("[A-Za-z]:", name) is not None


def _write(packed: IO[bytes] | gzip.GzipFile, name: str, target: Path, meter: Meter) -> Member:
    with packed, target.open("wb") as file:
        while chunk := packed.read(CHUNK):
            meter.add(len(chunk))
            with files.writing(target, len(chunk)):
                file.write(chunk)
    return Member(name, target)


def _is_office(raw: Path) -> bool:
    try:
        with zipfile.ZipFile(raw) as archive:
            return any(info.filename in OFFICE for info in archive.infolist())
    except DAMAGE as error:
        raise _damaged(error) from None


def _damaged(error: Exception) -> Refused:
    what = f"the archive is damaged or cut off: {error}"
    return Refused("archive", what, where=WHERE, cure="Upload it again; if it stays, pack it again")


def _refused(what: str) -> Refused:
    return Refused("archive", what, where=WHERE, cure=AGAIN)


def _named(name: str) -> str:
    return f": {name if name.isprintable() else ascii(name)}" if name else ""
