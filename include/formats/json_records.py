"""JSON: one object, a list of objects, or an object a line (JSON Lines); each object is a record.

A value is known by its path, such as `main.temp` or `weather[0].id`. The number of a record is its
line in JSON Lines, and its place in the list otherwise, from 1.
"""

import json
import re
from collections.abc import Collection
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from include.formats.delimited.raw_text import SIGNATURES, UTF8_BOM
from include.formats.port import Records
from include.formats.rejected import Refused, RejectedLines, no_rows
from include.registry.rows import FileFormat

EXPORT = "Export it again, as JSON in UTF-8 without compression"
KEY = re.compile(r'"((?:[^"\\]|\\.)*)"')


class JsonFile:
    """See the port."""

    header_at = "the keys of the records"
    data_at = "record 1"
    findings = ()

    def __init__(self, raw: Path) -> None:
        self._records = _split(raw.read_bytes())
        self.rows = len(self._records)
        self._database = duckdb.connect(config={"threads": 1})
        texts = [text.decode(errors="replace") for text in self._records.values()]
        self._database.register(
            "raw", pa.table({"number": pa.array(self._records, pa.int64()), "text": texts})
        )
        self._database.execute(
            "create table records as select number, text, not contains(text, '\ufffd')"
            " and case when json_valid(text) then json_type(text) = 'OBJECT' else false end"
            " as is_object from raw order by number"
        )

    def header(self) -> list[str]:
        """See the port."""
        found = self._database.execute(
            "select fullkey from records, json_tree(text) where is_object and id > 0"
            " and type not in ('OBJECT', 'ARRAY') group by fullkey order by min((number, id))"
        ).fetchall()
        self._paths = [path for (path,) in found]
        names = [KEY.sub(lambda key: json.loads(key.group()), path[2:]) for path in self._paths]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if not names or doubled:
            what = (
                f"two values are both called {doubled[0]!r}" if doubled else "no record has a value"
            )
            raise Refused("header", what, where=self.header_at, cure="Export it again")
        return names

    def records(self, header: list[str], rejected: RejectedLines, most: int) -> Records:
        """See the port."""
        damaged = self._database.execute(
            "select number, text from records where not is_object order by number"
        ).fetchall()
        for number, text in damaged:
            message = f"not a whole JSON object: {rejected.quote(text)}"
            rejected.add(number, "json", message)
        values = ", ".join(
            f"coalesce(json_extract_string(text, ${n}), '')" for n in range(1, len(header) + 1)
        )
        found = self._database.sql(
            f"select number, {values} from records where is_object order by number",
            params=self._paths,
        ).to_arrow_table()
        columns = tuple(column.combine_chunks() for column in found.columns[1:])
        return Records(columns, found["number"].to_numpy().astype(np.int64))

    def texts(self, numbers: Collection[int]) -> dict[int, bytes]:
        """See the port."""
        return {number: self._records[number] for number in numbers}


def _split(content: bytes) -> dict[int, bytes]:
    """The bytes of each record by its number. Raises Refused if the file is no JSON."""
    magics = (kind for magic, kind in SIGNATURES.items() if content.startswith(magic))
    if kind := next(magics, None):
        what = f"the file is {kind}, not UTF-8 text"
        raise Refused("encoding", what, where="line 1", cure=EXPORT)
    text = content.removeprefix(UTF8_BOM)
    lines = {n: line.strip() for n, line in enumerate(text.split(b"\n"), 1) if line.strip()}
    if not lines:
        raise Refused("empty_file", "the file is empty", where="line 1", cure="Export it again")
    first = next(iter(lines.values()))
    is_document = first.startswith(b"[") or not (_is_object(first) or first.endswith(b"}"))
    return _of_document(text) if is_document else lines


def _of_document(text: bytes) -> dict[int, bytes]:
    """The records of one JSON document."""
    try:
        document = json.loads(text.decode())
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise Refused("encoding", "not UTF-8", where=f"line {line}", cure=EXPORT) from None
    except (json.JSONDecodeError, RecursionError) as error:
        where = f"line {getattr(error, 'lineno', 1)}, column {getattr(error, 'colno', 1)}"
        what = f"not a whole JSON document: {getattr(error, 'msg', 'it is nested too deeply')}"
        raise Refused("json", what, where=where, cure=EXPORT) from None
    if isinstance(document, dict):
        return {1: text.strip()}
    if not isinstance(document, list) or not document:
        raise no_rows("record 1")
    elements = duckdb.execute(
        "select unnest(json_extract(?, '$[*]'))::varchar", [text.decode()]
    ).fetchall()
    return {number: element.encode() for number, (element,) in enumerate(elements, 1)}


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


class Json:
    """See the port."""

    def open(self, raw: Path, format_: FileFormat) -> JsonFile:
        """See the port."""
        return JsonFile(raw)


FORMAT = Json()
