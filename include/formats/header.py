"""The names of a file's columns."""

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from include.formats.dialect import read_cells
from include.formats.rejected import Refused
from include.registry.rows import FileFormat


def no_header(line: int) -> Refused:
    """The refusal of a file that ends before its header."""
    return Refused(
        "header",
        f"the file ends before the header in line {line}",
        where=f"line {line}",
        cure="Export it again",
    )


def check_skipped(lines: Iterable[Sequence[str]], format_: FileFormat) -> None:
    """Refuse a file of which a record would be skipped, since a line between its names and
    `data_line` has a number; units and the like have none.
    """
    for number, cells in enumerate(lines, format_.header_line + 1):
        read = read_cells(pa.array(cells, pa.string()), format_)
        if pc.any(read.numbers.is_valid()).as_py() or pc.any(read.foreign).as_py():
            raise Refused(
                "data_line",
                f"the line contains data and would be skipped: data_line is {format_.first_line}",
                where=f"line {number}",
                cure=(
                    "Export it with its line of units again; if exports have none any more, make a"
                    " format without data_line in file_formats.csv"
                ),
            )


def check_names(columns: list[str], where: str) -> None:
    """Refuse names that do not say which column is which; columns at the right may lack one."""
    named = [name for name in columns if name]
    if not named:
        raise Refused("header", "the header is empty", where=where, cure="Export it again")
    if "" in columns[: len(named)]:
        raise Refused(
            "header",
            "a column in the middle has no name",
            where=where,
            cure="Name it, or export again",
        )
    doubled = sorted({name for name in named if named.count(name) > 1})
    if doubled:
        raise Refused(
            "header",
            f"column names appear twice: {', '.join(doubled)}",
            where=where,
            cure="Export each column once",
        )
