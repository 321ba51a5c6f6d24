"""Opens a raw file as it was received: unpacked if it is an archive, in UTF-8 if it is text; or the
many files of a pack as one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from include.formats.containers import Member, is_archive, unpack
from include.formats.encodings import write_as_utf8
from include.formats.members import Members, open_members
from include.formats.port import RawFile
from include.formats.registry import format_of, pack_format_of
from include.ledger.ledger import Finding
from include.ledger.pack import Pack
from include.registry.rows import FileFormat


@contextmanager
def open_file(raw: Path | Pack, format_: FileFormat) -> Iterator[RawFile]:
    """The records of a file or pack; `raw` is not changed, scratch files are removed afterwards.

    Raises Refused if it cannot hold records.
    """
    if isinstance(raw, Pack):
        yield pack_format_of(format_).open_pack(raw.read(), format_)
        return
    reader = format_of(format_)
    is_foreign = reader.is_text and bool(format_.encoding)
    if not is_archive(raw) and not is_foreign:
        yield reader.open(raw, format_)
        return
    with TemporaryDirectory(prefix="sensor_platform_") as scratch:
        folder = Path(scratch)

        def read(member: Member) -> RawFile:
            path = member.path
            if is_foreign:
                path = folder / f"{path.name}.utf8"
                write_as_utf8(member.path, format_.encoding, path)
            return reader.open(path, format_)

        yield open_members(unpack(raw, folder) if is_archive(raw) else [Member("", raw)], read)


def with_member(file: RawFile, finding: Finding) -> Finding:
    """A finding with the file of the archive that it is about, if there are several."""
    return file.named(finding) if isinstance(file, Members) else finding


def member_of(file: RawFile, number: int) -> str | None:
    """The name of the file of the archive that holds a record, if there are several."""
    return file.member_of(number).name if isinstance(file, Members) else None
