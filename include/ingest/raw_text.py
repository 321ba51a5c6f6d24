"""Looks at a file's bytes before anything parses them: encoding, line ends, and whether it is whole."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from include.ingest.ledger import Finding

CHUNK = 1 << 23
EDGE = 1 << 16  # enough for any title and header, and for the blank lines at the end
UTF8_BOM = codecs.BOM_UTF8
LINE_END = re.compile("\r\n|\r|\n")  # str.splitlines knows more, and data lines may hold those
SIGNATURES = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PAR1": "Parquet"}


@dataclass(frozen=True)
class RawText:
    """What the bytes tell. `head` are the first lines, decoded, without byte-order marks and line ends."""

    head: tuple[str, ...]
    lines: int
    trailing_blank_lines: int
    findings: tuple[Finding, ...]

    @property
    def readable(self) -> bool:
        return not any(finding.severity == "error" for finding in self.findings)


def read_raw_text(path: Path, head_lines: int) -> RawText:
    """One pass over the bytes; at most one error, the one that explains the others."""
    findings: list[Finding] = []
    decoder = codecs.getincrementaldecoder("utf-8")()
    line_feeds = carriage_returns = both = 0
    previous_cr = False
    first = last = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            line = line_feeds + carriage_returns - both + 1
            if not first:
                first = chunk
                if (kind := next((kind for magic, kind in SIGNATURES.items() if chunk.startswith(magic)), None)) is not None:
                    return _refused("encoding", f"the file is {kind}, not UTF-8 text", 1, "Export it as CSV in UTF-8, not packed")
            if (at := chunk.find(b"\0")) >= 0:
                return _refused("encoding", "a NUL byte: the file is damaged or not text", line + _lines(chunk[:at]), "Export it again")
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                return _refused(
                    "encoding", f"not UTF-8: byte 0x{byte:02x}", line + _lines(chunk[: error.start]), "Save the file as UTF-8 (it may be Windows-1250)"
                )
            line_feeds += chunk.count(b"\n")
            if b"\r" in chunk or previous_cr:
                carriage_returns += chunk.count(b"\r")
                both += chunk.count(b"\r\n") + (previous_cr and chunk.startswith(b"\n"))
            previous_cr = chunk.endswith(b"\r")
            last = (last + chunk)[-CHUNK:] if len(chunk) < CHUNK else chunk
    if not first.removeprefix(UTF8_BOM).strip():
        return _refused("empty_file", "the file is empty", 1, "Export it again")
    lines = line_feeds + carriage_returns - both
    if not last.endswith((b"\n", b"\r")):
        return _refused("truncated", "the last line has no end: the file was cut off", lines + 1, "Export or upload it again")
    if len([n for n in (line_feeds - both, carriage_returns - both, both) if n]) > 1:
        findings.append(Finding("line_ends", "warning", "line ends are mixed (CR, LF, CRLF); all were read as line ends"))
    head = LINE_END.split(first[:EDGE].decode("utf-8", errors="ignore"), maxsplit=head_lines)[:-1][:head_lines]
    end = last[-EDGE:].decode("utf-8", errors="ignore")
    blank = len(LINE_END.findall(end[len(end.rstrip("\r\n")) :])) - 1
    return RawText(tuple(line.replace("\ufeff", "") for line in head), lines, blank, tuple(findings))


def _lines(chunk: bytes) -> int:
    return chunk.count(b"\n") + chunk.count(b"\r") - chunk.count(b"\r\n")


def _refused(check: str, message: str, line: int, cure: str) -> RawText:
    return RawText((), 0, 0, (Finding(check, "error", message, where=f"line {line}", cure=cure),))
