"""JSON: one object, a list of objects, or an object a line (JSON Lines).

Each of these is a record; where `records` of file_formats.csv is given, they are documents, and the
records are in them (places.py). A value is known by its path, such as `main.temp` or
`weather[0].id`. The number of a record is its line in JSON Lines, and counts from 1 otherwise.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from include.core.errors import ConfigurationError
from include.formats.json_records.documents import EXPORT, Documents, parse, split_documents
from include.formats.json_records.parsing import Damaged, values_of, why
from include.formats.json_records.places import Found, InvalidPath, Step, find_records, parse_path
from include.formats.port import Records
from include.formats.record_text import record_text
from include.formats.rejected import Reason, Refused, RejectedLines, no_rows
from include.registry.rows import FileFormat

MOST_VALUES = 2_000  # different paths in one file


@dataclass(frozen=True)
class _Record:
    """`around` are values that the record offers if it has none of that name itself."""

    values: dict[str, str]
    around: tuple[dict[str, str], ...] = ()

    def get(self, name: str) -> str:
        return next((place[name] for place in (self.values, *self.around) if name in place), "")


@dataclass
class _Content:
    """The records of a file by their number, and those that are damaged: why, and their text."""

    records: dict[int, _Record] = field(default_factory=dict)
    damaged: dict[int, tuple[Reason, str, bytes]] = field(default_factory=dict)
    last: int = 0

    def read(self, number: int, found: Found, text: bytes = b"") -> None:
        """Add what was found as a record; `text` if it is a piece of the file."""
        try:
            values = values_of(found.value)
            self.records[number] = _Record(values, (found.names, *found.beside))
        except Damaged as error:
            self.damaged[number] = ("json", str(error), text or _written(found.value))
        self.last = number

    def reject(self, number: int, error: Exception, text: bytes) -> None:
        """Add a record that cannot be read."""
        is_text = not isinstance(error, UnicodeDecodeError)
        self.damaged[number] = ("json" if is_text else "encoding", why(error), text)
        self.last = number


class JsonFile:
    """See the port."""

    header_at = "the keys of the records"
    data_at = "record 1"
    names_vary = True
    findings = ()

    def __init__(self, raw: Path, format_: FileFormat) -> None:
        self._encoding = format_.encoding_name
        documents = split_documents(raw.read_bytes(), self._encoding)
        path = _path(format_)
        self._texts = {} if path else documents.texts
        self._content = _inside(documents, path) if path else _whole(documents)
        self.rows = len(self._content.records) + len(self._content.damaged)
        self.last = self._content.last if path else documents.last
        if not self.rows:
            raise no_rows(self.data_at)

    def header(self, wanted: Collection[str] = ()) -> list[str]:
        """See the port."""
        records = self._content.records.values()
        names = dict.fromkeys(name for record in records for name in record.values)
        around = {id(place): place for record in records for place in record.around}
        names |= dict.fromkeys(
            name for place in around.values() for name in place if name in wanted
        )
        if not names or len(names) > MOST_VALUES:
            what = f"{len(names):,} different values, at most {MOST_VALUES:,} are read"
            what = what if names else "no record has a value"
            raise Refused("header", what, where=self.header_at, cure="Export it again")
        return list(names)

    def records(self, header: list[str], rejected: RejectedLines, most: int) -> Records:
        """See the port."""
        for number, (reason, what, text) in self._content.damaged.items():
            what = what if reason == "json" else f"not {self._encoding} text"
            quoted = rejected.quote(text.decode(errors="replace"))
            rejected.add(number, reason, f"not a whole JSON object ({what}): {quoted}")
        records = self._content.records
        columns = (
            pa.array([record.get(name) for record in records.values()], pa.string())
            for name in header
        )
        return Records(tuple(columns), np.array(list(records), np.int64))

    def texts(self, numbers: Collection[int]) -> dict[int, bytes]:
        """See the port."""
        return {number: self._text(number) for number in numbers}

    def _text(self, number: int) -> bytes:
        if number in self._texts:
            return self._texts[number]
        if number in self._content.damaged:
            return self._content.damaged[number][2]
        record = self._content.records[number]
        return record_text({**record.around[0], **record.values})


def _path(format_: FileFormat) -> tuple[Step, ...]:
    try:
        return parse_path(format_.records) if format_.records else ()
    except InvalidPath as error:
        raise ConfigurationError(
            f"records is not a path: {error}",
            where=f"file_formats.csv, line {format_.line}, column records",
            cure="write a path such as data.items, plugs.* or hourly[] (docs/data_dictionary.md)",
        ) from None


def _whole(documents: Documents) -> _Content:
    """Each document is a record."""
    content = _Content()
    for number, text in documents.texts.items():
        try:
            value = parse(text)
        except (ValueError, RecursionError) as error:
            content.reject(number, error, text)
        else:
            content.read(number, Found(value), text)
    return content


def _inside(documents: Documents, path: tuple[Step, ...]) -> _Content:
    """The records that the documents hold; a document that cannot be used counts as one.

    Raises Refused if there is only one document, and it cannot be used.
    """
    content = _Content()
    for number, text in documents.texts.items():
        try:
            found = list(find_records(parse(text), path))
        except (ValueError, RecursionError) as error:
            if len(documents.texts) == 1:
                where = "the document"
                what = f"not the JSON that is declared: {why(error)}"
                cure = f"Correct records in file_formats.csv. {EXPORT}"
                raise Refused("json", what, where=where, cure=cure) from None
            content.reject(content.last + 1, Damaged(f"document {number}: {why(error)}"), text)
        else:
            for one in found:
                content.read(content.last + 1, one)
    return content


def _written(value: Any) -> bytes:
    """A piece of a document as JSON again; an object with a repeated key as a list of pairs."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=lambda repeated: repeated.pairs)
    except RecursionError:
        return b""
    return text.encode(errors="replace")


class Json:
    """See the port."""

    is_text, has_places = True, True

    def open(self, raw: Path, format_: FileFormat) -> JsonFile:
        """See the port."""
        return JsonFile(raw, format_)


FORMAT = Json()
