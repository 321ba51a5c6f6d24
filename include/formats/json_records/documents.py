"""The documents in a file: one, the elements of a list, or one a line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from include.formats.delimited.raw_text import UTF8_BOM
from include.formats.json_records.parsing import DECODER, Repeated, why
from include.formats.rejected import Refused, no_rows
from include.formats.signatures import kind_of

EXPORT = "Export it again, as JSON in the encoding that is declared"
BLANK = " \t\r\n"


@dataclass(frozen=True)
class Documents:
    """The bytes of each document by its number, and the highest number there is."""

    texts: dict[int, bytes]
    last: int


def split_documents(content: bytes, encoding: str) -> Documents:
    """The documents of a file; their number is their line, or their place in a list, from 1.

    Raises Refused if the file is not JSON. `encoding` is a name for messages.
    """
    if kind := kind_of(content):
        what = f"the file is {kind}, not {encoding} text"
        raise Refused("encoding", what, where="line 1", cure=EXPORT)
    text = content.removeprefix(UTF8_BOM)
    lines = {n: line.strip() for n, line in enumerate(text.split(b"\n"), 1) if line.strip()}
    if not lines:
        raise Refused("empty_file", "the file is empty", where="line 1", cure="Export it again")
    if next(iter(lines.values())).startswith(b"["):
        elements = dict(_elements(_decoded(text, encoding)))
        return Documents(elements, len(elements))
    error = _error_of_document(text)
    if error is None:
        return Documents({1: text.strip()}, 1)
    if any(_is_object(line) for line in lines.values()):
        return Documents(lines, text.count(b"\n") + (not text.endswith(b"\n")))
    raise _refused(_decoded(text, encoding), error)


def parse(text: bytes) -> Any:
    """A document. Raises UnicodeDecodeError, ValueError or RecursionError."""
    return DECODER.decode(text.decode())


def _error_of_document(text: bytes) -> Exception | None:
    """Why a text is not one whole document; None if it is."""
    try:
        parse(text)
    except (ValueError, RecursionError) as error:
        return error
    return None


def _elements(text: str) -> Iterator[tuple[int, bytes]]:
    """The elements of a list, as they are written."""
    at, number = text.index("[") + 1, 0
    while True:
        at = _behind_blanks(text, at)
        if text[at : at + 1] == "]" and not number:
            raise no_rows("record 1")
        try:
            _, end = DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise _refused(text, error) from None
        number += 1
        yield number, text[at:end].encode()
        at = _behind_blanks(text, end)
        mark = text[at : at + 1]
        if mark == "]" and not text[at + 1 :].strip():
            return
        if mark != ",":
            raise _refused(text, json.JSONDecodeError("Expecting ',' or ']'", text, at))
        at += 1


def _behind_blanks(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in BLANK:
        at += 1
    return at


def _decoded(text: bytes, encoding: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        where = f"line {text.count(10, 0, error.start) + 1}"
        raise Refused("encoding", f"not {encoding} text", where=where, cure=EXPORT) from None


def _refused(text: str, error: Exception) -> Refused:
    at = error.pos if isinstance(error, json.JSONDecodeError) else 0
    where = f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"
    what = f"not a whole JSON document: {why(error)}"
    return Refused("json", what, where=where, cure=EXPORT)


def _is_object(line: bytes) -> bool:
    if not line.startswith(b"{"):
        return False
    try:
        return isinstance(parse(line), dict | Repeated)
    except (ValueError, RecursionError):
        return False
