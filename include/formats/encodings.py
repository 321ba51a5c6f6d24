"""Files in other encodings, as UTF-8 for those who read text."""

import codecs
from pathlib import Path

from include.core import files
from include.formats.rejected import CURES, Refused

CHUNK = 1 << 22
UNKNOWN = "\udcff"  # becomes byte 0xFF, which is in no UTF-8 text: its line is rejected


def _mark(error: UnicodeError) -> tuple[str | bytes, int]:
    """What cannot be decoded, or is half of a surrogate pair."""
    if isinstance(error, UnicodeDecodeError):
        return UNKNOWN, error.end
    assert isinstance(error, UnicodeEncodeError)
    return b"\xff" * (error.end - error.start), error.end


codecs.register_error("sensor_platform_mark", _mark)


def write_as_utf8(raw: Path, encoding: str, target: Path) -> None:
    """Write a file in UTF-8; what its encoding does not know becomes the byte 0xFF.

    A file that begins with the byte-order mark of UTF-8 is UTF-8, whatever is declared. Raises
    Refused if the encoding cannot be that of the file.
    """
    decoder = codecs.getincrementaldecoder(encoding)("sensor_platform_mark")
    with files.writing(target, raw.stat().st_size), raw.open("rb") as source:
        head = source.read(len(codecs.BOM_UTF8))
        if head == codecs.BOM_UTF8:
            decoder = codecs.getincrementaldecoder("utf-8")("sensor_platform_mark")
        with target.open("wb") as written:
            try:
                for chunk in (head, *iter(lambda: source.read(CHUNK), b"")):
                    written.write(decoder.decode(chunk).encode(errors="sensor_platform_mark"))
                written.write(decoder.decode(b"", True).encode(errors="sensor_platform_mark"))
            except UnicodeError as error:
                what = f"the file is not {encoding} text: {error}"
                raise Refused("encoding", what, where="line 1", cure=CURES["encoding"]) from None
