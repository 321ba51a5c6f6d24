"""Reads a file's bytes before anything parses them, and takes out the lines that no parser can be
given.
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from include.formats.rejected import CURES, Reason, Refused
from include.formats.signatures import kind_of
from include.ledger.ledger import Finding

CHUNK = 1 << 23
HEAD = 1 << 16  # bytes within which the first record must begin
UTF8, UTF8_BOM = "UTF-8", codecs.BOM_UTF8
LINE_END = re.compile("\r\n|\r|\n")  # str.splitlines knows more, and data lines may hold those
EXPORT = "Export it as CSV, as plain text; if it is UTF-16, write that into file_formats.csv"


@dataclass(frozen=True)
class RawText:
    """What the bytes show.

    `head` are the lines to the first record, it included, without byte-order marks and line ends.

    `encoding` is the name of the one that the file was written in. `lines` counts all lines, also a
    last one without an end. `is_clean`: the file is text without NUL bytes, and its last line has
    an end. `has_quotes`: a double quote is somewhere in it.
    """

    encoding: str
    head: tuple[str, ...]
    lines: int
    is_clean: bool
    has_quotes: bool
    findings: tuple[Finding, ...]


def read_raw_text(path: Path, before: int, encoding: str) -> RawText:
    """One pass over the bytes, in constant memory; `before`: lines before the first record,
    `encoding`: a name for messages.

    Raises Refused if no line of the file can be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    line_feeds = carriage_returns = both = 0
    previous_cr, is_clean, has_quotes = False, True, False
    first = last = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            first = first or chunk
            is_clean = is_clean and b"\0" not in chunk
            has_quotes = has_quotes or b'"' in chunk
            try:
                if is_clean:
                    decoder.decode(chunk)
            except UnicodeDecodeError:
                is_clean = False
            line_feeds += chunk.count(b"\n")
            if b"\r" in chunk or previous_cr:
                carriage_returns += chunk.count(b"\r")
                both += chunk.count(b"\r\n") + (previous_cr and chunk.startswith(b"\n"))
            previous_cr, last = chunk.endswith(b"\r"), chunk
    if kind := kind_of(first):
        what = f"the file is {kind}, not {encoding} text"
        raise Refused("encoding", what, where="line 1", cure=EXPORT)
    if len(first) < CHUNK and not first.removeprefix(UTF8_BOM).strip():
        raise Refused("empty_file", "the file is empty", where="line 1", cure="Export it again")
    has_end = last.endswith((b"\n", b"\r"))
    kinds = [count for count in (line_feeds - both, carriage_returns - both, both) if count]
    findings = (
        [
            Finding(
                "line_ends",
                "warning",
                "line ends are mixed (CR, LF, CRLF); each was read as a line end",
            )
        ]
        if len(kinds) > 1
        else []
    )
    return RawText(
        encoding=encoding,
        head=_head(first, before, encoding),
        lines=line_feeds + carriage_returns - both + (not has_end),
        is_clean=is_clean and has_end,
        has_quotes=has_quotes,
        findings=tuple(findings),
    )


def _head(first: bytes, before: int, encoding: str) -> tuple[str, ...]:
    """The lines to the first record, decoded.

    Raises Refused if the former are not text.
    """
    parts = re.split(rb"\r\n|\r|\n", first[:HEAD], maxsplit=before + 1)
    if len(parts) <= before and len(first) > HEAD:
        raise Refused(
            "header",
            f"the header does not end within {HEAD:,} bytes",
            where=f"line {len(parts)}",
            cure="Export it again, with line ends",
        )
    if len(parts) <= before + 1 and not parts[-1]:
        del parts[-1]  # the text after the last line end is not a line
    for number, part in enumerate(parts[:before], 1):
        if b"\0" in part:
            raise Refused(
                "encoding",
                "a NUL byte: the file is damaged or not text",
                where=f"line {number}",
                cure="Export it again",
            )
        try:
            part.decode()
        except UnicodeDecodeError as error:
            byte = f": byte 0x{error.object[error.start]:02x}" if encoding == UTF8 else ""
            raise Refused(
                "encoding",
                f"not {encoding} text{byte}",
                where=f"line {number}",
                cure=CURES["encoding"],
            ) from None
    return tuple(
        part.decode(errors="replace").replace("\ufeff", "") for part in parts[: before + 1]
    )


class Lines:
    """A file's bytes by line number, from 1."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        codes = np.frombuffer(content, np.uint8)
        is_end = codes == 0x0A
        returns = np.flatnonzero(codes == 0x0D)
        if len(returns):
            alone = returns[
                (returns + 1 == len(codes))
                | (codes[np.minimum(returns + 1, len(codes) - 1)] != 0x0A)
            ]
            is_end[alone] = True
        self.stops = np.flatnonzero(is_end) + 1
        if not len(self.stops) or self.stops[-1] < len(codes):
            self.stops = np.append(self.stops, len(codes))

    def at(self, position: int) -> int:
        """The number of the line that holds a byte."""
        return int(np.searchsorted(self.stops, position, side="right")) + 1

    def start(self, number: int) -> int:
        """The offset in bytes at which a line begins; lines count from 1."""
        return int(self.stops[number - 2]) if number > 1 else 0

    def text(self, number: int) -> bytes:
        """The bytes of a line, without its end."""
        return self.content[self.start(number) : int(self.stops[number - 1])].rstrip(b"\r\n")

    def with_nul(self) -> list[int]:
        """The numbers of the lines that hold a NUL byte."""
        positions = np.flatnonzero(np.frombuffer(self.content, np.uint8) == 0)
        return [
            int(number)
            for number in np.unique(np.searchsorted(self.stops, positions, side="right")) + 1
        ]

    def not_utf8(self, most: int) -> list[int]:
        """The lines that are not UTF-8; stops after `most` of them."""
        found: list[int] = []
        at = 0
        while len(found) <= most:
            try:
                codecs.utf_8_decode(memoryview(self.content)[at:], "strict", True)
                break
            except UnicodeDecodeError as error:
                found.append(self.at(at + error.start))
                at = int(self.stops[found[-1] - 1])
        return found

    def with_broken_quotes(self, delimiter: str) -> list[int]:
        """The lines in which a field begins with a quote and does not end with one: a stray quote
        may join fields.
        """
        mark = re.escape(delimiter.encode())
        field = rb'(?:"(?:[^"]|"")*"[ \t]*|[^"%b][^%b]*|)' % (mark, mark)
        whole = re.compile(rb"%b(?:%b%b)*" % (field, mark, field), re.DOTALL)
        return [
            number
            for number in self._with_unusual_quotes(delimiter)
            if not whole.fullmatch(self.text(number))
        ]

    def _with_unusual_quotes(self, delimiter: str) -> list[int]:
        """The lines in which quotes are anything else than pairs, each around one field."""
        codes = np.frombuffer(self.content, np.uint8)
        quotes = np.flatnonzero(codes == 0x22)
        owners = np.searchsorted(self.stops, quotes, side="right")
        begins = np.flatnonzero(np.append(True, owners[1:] != owners[:-1]))
        counts = np.diff(np.append(begins, len(quotes)))
        opens = (np.arange(len(quotes)) - np.repeat(begins, counts)) % 2 == 0
        neighbours = codes[np.clip(np.where(opens, quotes - 1, quotes + 1), 0, len(codes) - 1)]
        at_edge = (
            np.isin(neighbours, [*delimiter.encode(), 0x0A, 0x0D])
            | (quotes == 0)
            | (quotes == len(codes) - 1)
        )
        unusual = np.concatenate([owners[~at_edge], owners[begins[counts % 2 == 1]]])
        return [int(number) + 1 for number in np.unique(unusual)]

    def without(self, numbers: Iterable[int]) -> bytes:
        """The content with these lines emptied; they keep their ends, so that the others keep their
        numbers.
        """
        parts, at = [], 0
        for number in sorted(set(numbers)):
            start, stop = self.start(number), int(self.stops[number - 1])
            parts.append(self.content[at:start])
            at = start + len(self.text(number))
            if at == stop:  # the last line of a file that was cut off
                parts.append(b"\n")
        return b"".join(parts) + self.content[at:]


def unparsable_lines(lines: Lines, text: RawText, most: int) -> dict[int, Reason]:
    """The lines that no parser can be given, with the reason.

    Raises Refused if more than `most` are not UTF-8.
    """
    found: dict[int, Reason] = {}
    if not lines.content.endswith((b"\n", b"\r")) and lines.text(text.lines).strip():
        found[text.lines] = "cut_off"
    if len(foreign := lines.not_utf8(most)) > most:
        raise Refused(
            "encoding",
            f"not {text.encoding} text, in more lines than may be rejected",
            where=f"line {foreign[0]}",
            cure=CURES["encoding"],
        )
    found |= dict.fromkeys(foreign, "encoding")
    found |= dict.fromkeys(lines.with_nul(), "encoding")
    return found
