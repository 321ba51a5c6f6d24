"""How a cell of a file becomes a value. The only place that reads one: dbt gets numbers, not texts.

White space around a text never counts. A cell is empty (nothing, or one of the declared null
tokens), a number in the declared dialect or a declared word for one, or unreadable. A number of
another dialect (`20,5` where a point is declared) is foreign: its line cannot be trusted. An
integer that a double cannot hold, such as 2^64 - 1, would become another one: it is unreadable.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from include.registry.rows import FileFormat

# Everything that Unicode or Python calls white space, the zero-width space and the byte-order mark.
_SPACES = (
    *range(0x09, 0x0E),
    *range(0x1C, 0x21),
    0x85,
    0xA0,
    0x1680,
    *range(0x2000, 0x200C),
    0x2028,
    0x2029,
    0x202F,
    0x205F,
    0x2060,
    0x3000,
    0xFEFF,
)
WHITESPACE = "".join(map(chr, _SPACES))
# Texts made of digits and of what separates digits in some language.
_DIGITS_AND_SEPARATORS = (
    r"^[+-]?[0-9.,'’٬٫ \x{00A0}\x{2009}\x{202F}]*[0-9][0-9.,'’٬٫ \x{00A0}\x{2009}\x{202F}]*$"
)
SHORT = 5_000  # lines of a file whose columns are read as one


@dataclass(frozen=True)
class Cells:
    """One column, read. Arrays have one element per line.

    `numbers` is null where there is none; `unreadable` holds the text of cells that are neither
    number nor empty, else null; `foreign` says which of those are numbers of another dialect.
    """

    numbers: pa.Array
    unreadable: pa.Array
    foreign: pa.Array
    nulls: int

    def part(self, start: int, count: int) -> "Cells":
        """Those of some lines that follow each other."""
        numbers, unreadable = (
            cells.slice(start, count) for cells in (self.numbers, self.unreadable)
        )
        nulls = numbers.null_count - (count - unreadable.null_count)
        return Cells(numbers, unreadable, self.foreign.slice(start, count), nulls)

    def only(self, keep: pa.Array) -> "Cells":
        """Those of the lines for which `keep` is true."""
        numbers, unreadable = self.numbers.filter(keep), self.unreadable.filter(keep)
        nulls = numbers.null_count - (len(unreadable) - unreadable.null_count)
        return Cells(numbers, unreadable, self.foreign.filter(keep), nulls)


def trimmed(texts: pa.Array) -> pa.Array:
    """The texts without the white space around them."""
    return pc.utf8_trim(texts, WHITESPACE)


def read_cells(column: pa.Array, format_: FileFormat) -> Cells:
    """Read a column of texts in a dialect; each distinct text is read once."""
    encoded = column.dictionary_encode()
    texts = trimmed(encoded.dictionary)
    is_number = pc.match_substring_regex(texts, _number(format_))
    plain = pc.if_else(is_number, texts, None)
    plain = _ungrouped(plain, format_)
    if format_.decimal_mark == ",":
        plain = pc.replace_substring(plain, ",", ".")
    numbers = pc.cast(plain, pa.float64())
    is_changed = _would_change(_ungrouped(texts, format_))
    is_number = pc.and_(is_number, pc.fill_null(pc.is_finite(numbers), False))
    is_number = pc.and_not(is_number, is_changed)
    if format_.value_words:
        words, values = zip(*format_.value_words, strict=True)
        at = pc.index_in(pc.utf8_lower(texts), pa.array(words))
        numbers = pc.coalesce(pa.array(values, pa.float64()).take(at), numbers)
        is_number = pc.or_(is_number, at.is_valid())
    is_null = pc.match_substring_regex(texts, _null(format_))
    is_number = pc.and_not(is_number, is_null)  # a declared -999 means nothing
    is_unreadable = pc.invert(pc.or_(is_number, is_null))
    is_foreign = pc.and_(is_unreadable, pc.match_substring_regex(texts, _DIGITS_AND_SEPARATORS))
    is_foreign = pc.and_not(is_foreign, is_changed)
    nothing = pa.scalar(None, pa.string())
    return Cells(
        numbers=pc.if_else(is_number, numbers, None).take(encoded.indices),
        unreadable=pc.if_else(is_unreadable, encoded.dictionary, nothing).take(encoded.indices),
        foreign=is_foreign.take(encoded.indices),
        nulls=pc.sum(is_null.take(encoded.indices)).as_py() or 0,
    )


def read_columns(columns: Mapping[str, pa.Array], format_: FileFormat) -> dict[str, Cells]:
    """Each column, read. Short ones are read as one: a call costs as much as some hundred texts."""
    if len(columns) < 2 or len(next(iter(columns.values()))) > SHORT:
        return {name: read_cells(texts, format_) for name, texts in columns.items()}
    whole = read_cells(pa.concat_arrays([*columns.values()]), format_)
    count = len(next(iter(columns.values())))
    return {name: whole.part(n * count, count) for n, name in enumerate(columns)}


def digests(texts: pa.Array) -> pa.Array:
    """SHA-256 instead of each text, for sources whose texts nobody may read."""
    encoded = texts.dictionary_encode()
    hashed = [
        f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        for text in encoded.dictionary.to_pylist()
    ]
    return pa.array(hashed, pa.string()).take(encoded.indices)


def _ungrouped(texts: pa.Array, format_: FileFormat) -> pa.Array:
    """The texts without the marks between groups of three digits."""
    if not format_.thousands_mark:
        return texts
    return pc.replace_substring(texts, format_.thousands_mark, "")


def _would_change(texts: pa.Array) -> pa.Array:
    """Which texts are integers that differ from the double next to them; shorter ones are equal."""
    is_long = pc.match_substring_regex(texts, "^[+-]?[0-9]{16,99}$")
    if not pc.any(is_long).as_py():
        return is_long
    pairs = zip(texts.to_pylist(), is_long.to_pylist(), strict=True)
    return pa.array([long and int(text) != int(float(text)) for text, long in pairs], pa.bool_())


def _number(format_: FileFormat) -> str:
    """`.5` and `5.` are numbers in many locales; names such as `inf` are none."""
    mark, digits = re.escape(format_.decimal_mark), "[0-9]{1,99}"
    if format_.thousands_mark:
        digits = rf"({digits}|[0-9]{{1,3}}({re.escape(format_.thousands_mark)}[0-9]{{3}}){{1,30}})"
    return rf"^[+-]?({digits}({mark}[0-9]*)?|{mark}[0-9]+)([eE][+-]?[0-9]{{1,3}})?$"


def _null(format_: FileFormat) -> str:
    tokens = "|".join(re.escape(token.strip(WHITESPACE)) for token in format_.null_tokens)
    return rf"^(?i:{tokens})?$" if tokens else "^$"
