"""JSON: one object, a list of objects, or an object a line (JSON Lines).

Each of these is a record; where `records` of file_formats.csv is given, they are documents, and the
records are in them (places.py). A value is known by its path, such as `main.temp` or
`weather[0].id`. The number of a record is its line in JSON Lines, its row in a pack, and counts
from 1 otherwise.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.core.errors import ConfigurationError
from include.formats.delimited.raw_text import UTF8_BOM
from include.formats.json_records.documents import EXPORT, Documents, parse, split_documents
from include.formats.json_records.parsing import Damaged, values_of, why
from include.formats.json_records.places import Found, InvalidPath, Step, find_records, parse_path
from include.formats.port import RawFile, Records
from include.formats.record_text import record_text
from include.formats.rejected import CURES, Reason, Refused, RejectedLines, no_rows
from include.ledger.ledger import Finding
from include.registry.rows import FileFormat

MOST_VALUES = 2_000  # different paths in one file


@dataclass(frozen=True)
class _Record:
    """`around` are values that the record offers if it has none of that name itself."""

    values: dict[str, str]
    around: tuple[dict[str, str], ...] = ()

    @property
    def offered(self) -> dict[str, str]:
        """Its values, and those around it."""
        if not self.around:
            return self.values
        found: dict[str, str] = {}
        for place in (*reversed(self.around), self.values):
            found |= place
        return found


@dataclass
class _Content:
    """The records of a file by their number, and those that are damaged: why, and their text."""

    named_by: str = ""
    records: dict[int, _Record] = field(default_factory=dict)
    damaged: dict[int, tuple[Reason, str, bytes]] = field(default_factory=dict)
    last: int = 0

    def read(self, number: int, found: Found, text: bytes = b"") -> None:
        """Add what was found as a record; `text` if it is a piece of the file."""
        try:
            values = values_of(found.value, self.named_by)
            around = (found.names, *found.beside) if found.names or found.beside else ()
            self.records[number] = _Record(values, around)
        except Damaged as error:
            self.damaged[number] = ("json", str(error), text or _written(found.value))
        self.last = number

    def reject(self, number: int, error: Exception, text: bytes) -> None:
        """Add a record that cannot be read."""
        is_text = not isinstance(error, UnicodeDecodeError)
        self.damaged[number] = ("json" if is_text else "encoding", why(error), text)
        self.last = number


class _JsonRecords:
    """See the port; of a file or of a pack."""

    header_at = "the keys of the records"
    data_at = "record 1"
    names_vary = True
    findings: tuple[Finding, ...] = ()

    def __init__(
        self, content: _Content, texts: dict[int, bytes], last: int, encoding: str
    ) -> None:
        self._content, self._texts, self.last, self._encoding = content, texts, last, encoding
        self.rows = len(content.records) + len(content.damaged)

    def header(self, wanted: Collection[str] = ()) -> list[str]:
        """See the port."""
        records, damaged = self._content.records.values(), self._content.damaged
        if damaged and not records:
            number, (reason, why_, _) = next(iter(damaged.items()))
            what, where = f"no record is a whole JSON object ({why_})", f"line {number}"
            raise Refused(reason, what, where=where, cure=CURES[reason])
        names: dict[str, str] = {}
        for record in records:
            names |= record.values
        around = {id(place): place for record in records for place in record.around}
        for place in around.values():
            names |= {name: text for name, text in place.items() if name in wanted}
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
        texts = pa.array(
            [record.offered for record in records.values()],
            pa.struct([(name, pa.string()) for name in header]),
        )
        columns = (pc.fill_null(column, "") for column in texts.flatten())
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
        names = record.around[0] if record.around else {}
        return record_text({**names, **record.values})


def _open_file(raw: Path, format_: FileFormat) -> _JsonRecords:
    documents = split_documents(raw.read_bytes(), format_.encoding_name)
    path, content = _path(format_), _Content(format_.named_by)
    if path:
        _add_inside(documents, path, content)
        opened = _JsonRecords(content, {}, content.last, format_.encoding_name)
    else:
        _add_whole(documents, content)
        opened = _JsonRecords(content, documents.texts, documents.last, format_.encoding_name)
    if not opened.rows:
        raise no_rows(opened.data_at)
    return opened


def _open_pack(members: pa.Table, format_: FileFormat) -> _JsonRecords:
    """Each member is a document and a record; its number is its row."""
    if format_.records or format_.encoding:
        column = "records" if format_.records else "encoding"
        raise ConfigurationError(
            "a file of a pack is one record, in UTF-8",
            where=f"file_formats.csv, line {format_.line}, column {column}",
            cure="leave the cell empty, or take the group `day` out of file_pattern",
        )
    numbers, contents = members["row"].to_pylist(), members["content"].to_pylist()
    texts = (content.removeprefix(UTF8_BOM) for content in contents)
    documents = Documents(dict(zip(numbers, texts, strict=True)), len(numbers))
    content = _Content(format_.named_by)
    _add_whole(documents, content)
    return _JsonRecords(content, documents.texts, documents.last, format_.encoding_name)


def _path(format_: FileFormat) -> tuple[Step, ...]:
    try:
        return parse_path(format_.records) if format_.records else ()
    except InvalidPath as error:
        raise ConfigurationError(
            f"records is not a path: {error}",
            where=f"file_formats.csv, line {format_.line}, column records",
            cure="write a path such as data.items, plugs.* or hourly[] (docs/data_dictionary.md)",
        ) from None


def _add_whole(documents: Documents, content: _Content) -> None:
    """Each document is a record."""
    for number, text in documents.texts.items():
        try:
            value = parse(text)
        except (ValueError, RecursionError) as error:
            content.reject(number, error if text.strip() else Damaged("it is empty"), text)
        else:
            content.read(number, Found(value), text)


def _add_inside(documents: Documents, path: tuple[Step, ...], content: _Content) -> None:
    """The records that the documents hold; a document that cannot be used counts as one.

    Raises Refused if there is only one document, and it cannot be used.
    """
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

    def open(self, raw: Path, format_: FileFormat) -> RawFile:
        """See the port."""
        return _open_file(raw, format_)

    def open_pack(self, members: pa.Table, format_: FileFormat) -> RawFile:
        """See the port."""
        return _open_pack(members, format_)


FORMAT = Json()
