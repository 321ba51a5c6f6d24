"""JSON: one object, a list of objects, or an object a line (JSON Lines); each object is a record.

A value is known by its path, such as `main.temp` or `weather[0].id`. The number of a record is its
line in JSON Lines, and its place in the list otherwise, from 1. Numbers keep the text they are
written with.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from include.formats.delimited.raw_text import SIGNATURES, UTF8_BOM
from include.formats.port import Records
from include.formats.rejected import Reason, Refused, RejectedLines, no_rows
from include.registry.rows import FileFormat

EXPORT = "Export it again, as JSON in UTF-8 without compression"
MOST_VALUES = 2_000  # different paths in one file
BLANK = " \t\r\n"


class Damaged(ValueError):
    """A record that cannot be used."""


class JsonFile:
    """See the port."""

    header_at = "the keys of the records"
    data_at = "record 1"
    findings = ()

    def __init__(self, raw: Path) -> None:
        self._texts: dict[int, bytes] = {}
        self._values: dict[int, dict[str, str]] = {}
        self._damaged: dict[int, tuple[Reason, str]] = {}
        for number, text in _records(raw.read_bytes()):
            self._texts[number] = text
            try:
                self._values[number] = _values(_parse(text.decode()))
            except UnicodeDecodeError:
                self._damaged[number] = ("encoding", "not UTF-8")
            except (ValueError, RecursionError) as error:
                self._damaged[number] = ("json", _why(error))
        self.rows = len(self._texts)

    def header(self) -> list[str]:
        """See the port."""
        names = list(dict.fromkeys(name for row in self._values.values() for name in row))
        if not names or len(names) > MOST_VALUES:
            what = f"{len(names):,} different values, at most {MOST_VALUES:,} are read"
            what = what if names else "no record has a value"
            raise Refused("header", what, where=self.header_at, cure="Export it again")
        return names

    def records(self, header: list[str], rejected: RejectedLines, most: int) -> Records:
        """See the port."""
        for number, (reason, why) in self._damaged.items():
            quoted = rejected.quote(self._texts[number].decode(errors="replace"))
            rejected.add(number, reason, f"not a whole JSON object ({why}): {quoted}")
        rows = self._values.values()
        columns = (pa.array([row.get(name, "") for row in rows], pa.string()) for name in header)
        return Records(tuple(columns), np.array(list(self._values), np.int64))

    def texts(self, numbers: Collection[int]) -> dict[int, bytes]:
        """See the port."""
        return {number: self._texts[number] for number in numbers}


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The bytes of each record, with its number. Raises Refused if the file is no JSON."""
    magics = (kind for magic, kind in SIGNATURES.items() if content.startswith(magic))
    if kind := next(magics, None):
        what = f"the file is {kind}, not UTF-8 text"
        raise Refused("encoding", what, where="line 1", cure=EXPORT)
    text = content.removeprefix(UTF8_BOM)
    lines = [(n, line.strip()) for n, line in enumerate(text.split(b"\n"), 1) if line.strip()]
    if not lines:
        raise Refused("empty_file", "the file is empty", where="line 1", cure="Export it again")
    if lines[0][1].startswith(b"["):
        return _of_list(_decoded(text))
    if any(_is_object(line) for _, line in lines):
        return iter(lines)
    document = _decoded(text)
    try:
        _parse(document)
    except (ValueError, RecursionError) as error:
        raise _refused(document, error) from None
    return iter([(1, text.strip())])


def _of_list(text: str) -> Iterator[tuple[int, bytes]]:
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


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        where = f"line {text.count(10, 0, error.start) + 1}"
        raise Refused("encoding", "not UTF-8", where=where, cure=EXPORT) from None


def _refused(text: str, error: Exception) -> Refused:
    at = error.pos if isinstance(error, json.JSONDecodeError) else 0
    where = f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"
    what = f"not a whole JSON document: {_why(error)}"
    return Refused("json", what, where=where, cure=EXPORT)


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)


def _is_object(line: bytes) -> bool:
    if not line.startswith(b"{"):
        return False
    try:
        return isinstance(_parse(line.decode()), dict)
    except (ValueError, RecursionError):
        return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of two equal keys one would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Damaged("a key comes twice")
    return found


DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=str, parse_int=str, parse_constant=str, strict=False
)


def _parse(text: str) -> Any:
    return DECODER.decode(text)


def _values(record: Any) -> dict[str, str]:
    """The values of a record by their paths, as texts. Raises Damaged."""
    if not isinstance(record, dict):
        raise Damaged("it is no object")
    found: dict[str, str] = {}
    todo: list[tuple[str, Any]] = [("", record)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict):
            named = [(f"{path}.{key}" if path else key, inner) for key, inner in value.items()]
            if "" in value:
                raise Damaged("a key is empty")
            todo += reversed(named)
        elif isinstance(value, list):
            todo += [(f"{path}[{n}]", value[n]) for n in range(len(value) - 1, -1, -1)]
        elif path in found:
            raise Damaged(f"two values are called {path!r}")
        else:
            found[path] = _text(value)
    try:
        "".join((*found, *found.values())).encode()
    except UnicodeEncodeError:
        raise Damaged("half of a surrogate pair is no character") from None
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


class Json:
    """See the port."""

    def open(self, raw: Path, format_: FileFormat) -> JsonFile:
        """See the port."""
        return JsonFile(raw)


FORMAT = Json()
