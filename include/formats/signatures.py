"""What a file is by its first bytes, where these are not text."""

from pathlib import Path

ARCHIVES = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip"}
SIGNATURES = {
    **ARCHIVES,
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PAR1": "Parquet",
    b"BZh91AY&SY": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"(\xb5/\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Office file",
}
TAR_AT, TAR = 257, b"ustar"
HEAD = TAR_AT + len(TAR)


def kind_of(head: bytes) -> str:
    """The kind of file that begins with these bytes; empty if it may be text."""
    if head[TAR_AT : TAR_AT + len(TAR)] == TAR:
        return "tar"
    return next((kind for magic, kind in SIGNATURES.items() if head.startswith(magic)), "")


def kind_of_file(path: Path) -> str:
    """The same of a file."""
    with path.open("rb") as file:
        return kind_of(file.read(HEAD))
