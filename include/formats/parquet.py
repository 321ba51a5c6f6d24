"""Parquet: a row is a record, a column of a struct is named by its path.

Its values become texts that lose nothing: a number is written with as many digits as give it back,
with the declared decimal mark; a time as ISO 8601, in UTC if it has a zone. The number of a record
is that of its row, from 1.
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.formats.dialect import WHITESPACE
from include.formats.header import check_names
from include.formats.port import Records
from include.formats.record_text import record_text
from include.formats.rejected import Refused, RejectedLines, no_rows
from include.ledger.ledger import Finding
from include.registry.rows import FileFormat

WHERE = "the schema"
EXACT = float(1 << 53)  # up to here a double holds every integer


class ParquetFile:
    """See the port."""

    header_at, data_at = WHERE, "line 1"
    names_vary = False

    def __init__(self, raw: Path, format_: FileFormat) -> None:
        self._raw, self._mark = raw, format_.decimal_mark
        try:
            with pq.ParquetFile(raw) as file:
                self.rows = self.last = file.metadata.num_rows
                fields = list(_flat(file.schema_arrow.empty_table()).schema)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(error) from None
        self._at = [n for n, field in enumerate(fields) if _is_plain(field.type)]
        self._names = [fields[n].name.strip(WHITESPACE) for n in self._at]
        self._others = [field for n, field in enumerate(fields) if n not in self._at]
        self.findings = tuple(_left_out(field) for field in self._others)
        self._columns: list[pa.Array] = []

    def header(self, wanted: Collection[str] = ()) -> list[str]:
        """See the port."""
        for field in self._others:
            if field.name in wanted:
                what = (
                    f"column {field.name!r} is of type {_kind(field)}, which holds no single value"
                )
                cure = "Export it as text, number or time"
                raise Refused("column_type", what, where=WHERE, cure=cure)
        check_names(self._names, WHERE)
        if not self.rows:
            raise no_rows(self.data_at)
        return self._names

    def records(self, header: list[str], rejected: RejectedLines, most: int) -> Records:
        """See the port."""
        self._columns = self._read(rejected)
        found = Records(tuple(self._columns), np.arange(1, self.rows + 1))
        taken = np.isin(found.numbers, list(rejected.reasons))
        return found.only(~(taken | found.is_blank()))

    def texts(self, numbers: Collection[int]) -> dict[int, bytes]:
        """See the port."""
        self._columns = self._columns or self._read(RejectedLines())
        return {number: record_text(self._row(number)) for number in numbers}

    def _read(self, rejected: RejectedLines) -> list[pa.Array]:
        """The columns as texts. Raises Refused."""
        try:
            table = _flat(pq.read_table(self._raw, page_checksum_verification=True))
            columns = [_plain(table.column(n)) for n in self._at]
            return [
                _texts(_in_utf8(name, column, rejected), self._mark)
                for name, column in zip(self._names, columns, strict=True)
            ]
        except (pa.ArrowException, OSError) as error:
            raise _damaged(error) from None

    def _row(self, number: int) -> dict[str, str]:
        values = (column[number - 1].as_py() for column in self._columns)
        return dict(zip(self._names, values, strict=True))


def _flat(table: pa.Table) -> pa.Table:
    """A table with the fields of each struct as columns."""
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _is_plain(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    is_text = _is_string(type_) or pa.types.is_null(type_)
    is_number = pa.types.is_boolean(type_) or pa.types.is_integer(type_) or _is_number(type_)
    is_time = pa.types.is_date(type_) or pa.types.is_time(type_) or pa.types.is_timestamp(type_)
    return bool(is_text or is_number or is_time)


def _is_string(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(type_) or pa.types.is_large_string(type_) or type_ == pa.string_view()
    )


def _is_number(type_: pa.DataType) -> bool:
    """Whether its numbers may have a decimal mark."""
    return bool(pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def _plain(column: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.combine_chunks()


def _in_utf8(name: str, column: pa.Array, rejected: RejectedLines) -> pa.Array:
    """The column; rows with a text that is not UTF-8, as it has to be in Parquet, are rejected."""
    try:
        column.validate(full=True)
        return column
    except pa.ArrowInvalid:
        pass
    texts = []
    for number, content in enumerate(column.cast(pa.large_binary()).to_pylist(), 1):
        texts.append((content or b"").decode(errors="replace"))
        if texts[-1].encode() != (content or b""):
            what = f"not UTF-8 text in column {name!r}: {rejected.quote(texts[-1])}"
            rejected.add(number, "encoding", what, cure="Export it again")
    return pa.array(texts, pa.string())


def _texts(column: pa.Array, mark: str) -> pa.Array:
    """The values of a column as texts; the empty text for null."""
    type_ = column.type
    if pa.types.is_timestamp(type_) and type_.tz:
        column = column.cast(pa.timestamp(type_.unit, "UTC"))
    texts = _number_texts(column) if pa.types.is_floating(type_) else column.cast(pa.string())
    if pa.types.is_timestamp(type_) or pa.types.is_time(type_):
        texts = pc.replace_substring_regex(texts, r"\.0+(Z?)$", r"\1")
    if _is_number(type_):
        texts = pc.replace_substring(texts, ".", mark)
    return pc.fill_null(texts, "")


def _number_texts(numbers: pa.Array) -> pa.Array:
    """The shortest texts that give back the numbers; a whole one is written as an integer."""
    if pa.types.is_float16(numbers.type):
        numbers = numbers.cast(pa.float32())
    is_whole = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less(pc.abs(numbers), EXACT))
    whole = pc.if_else(is_whole, numbers, pa.scalar(None, numbers.type)).cast(pa.int64())
    return pc.coalesce(whole.cast(pa.string()), numbers.cast(pa.string()))


def _kind(field: pa.Field) -> str:
    return str(field.type).partition("<")[0]


def _left_out(field: pa.Field) -> Finding:
    what = f"column {field.name!r} is of type {_kind(field)}: it is not read"
    return Finding("column_type", "warning", what, where=WHERE, cure="Export it as text or number")


def _damaged(error: Exception) -> Refused:
    what = f"not a whole Parquet file: {error}"
    return Refused("parquet", what, where="the file", cure="Export or upload it again")


class Parquet:
    """See the port."""

    is_text, has_places = False, False

    def open(self, raw: Path, format_: FileFormat) -> ParquetFile:
        """See the port."""
        return ParquetFile(raw, format_)


FORMAT = Parquet()
