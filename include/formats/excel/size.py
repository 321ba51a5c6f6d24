"""How large a workbook is in memory, found before it is read.

A sheet is read as a rectangle of cells. A few bytes can span one of many gigabytes: a value in the
last cell of a sheet, or a cell that is repeated.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from include.formats.containers import Meter
from include.formats.rejected import Refused

MOST_UNPACKED = 512 << 20  # 4 million cells with a number each
BINARY, CURE = "xl/workbook.bin", "Save it as .xlsx, and upload it again"
MOST_CELLS = 20_000_000  # 32 bytes each, in .ods 64
CHUNK = 1 << 20
# `r` of a row or a cell in .xlsx
PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,3})(\d{1,18})["']""")
# of .ods
TAG = re.compile(rb"<table:(table|table-row|table-cell|covered-table-cell)(?=[\s/>])([^>]*)")
REPEATED = re.compile(rb"""table:number-(?:rows|columns)-repeated\s*=\s*["'](\d{1,18})["']""")
VALUE = b"office:value-type"


def check_size(workbook: Path) -> None:
    """Raise Refused if a workbook that is zip spans more cells, or bytes, than are read."""
    meter = Meter(workbook.stat().st_size, MOST_UNPACKED)
    with zipfile.ZipFile(workbook) as archive:
        for info in archive.infolist():
            if info.filename == BINARY:
                raise Refused(
                    "excel", "the workbook is a binary one (.xlsb)", where=BINARY, cure=CURE
                )
            with archive.open(info) as member:
                pieces = _pieces(member, meter)
                is_ods = info.filename == "content.xml"
                cells = _cells_of_ods(pieces) if is_ods else _cells_of_xlsx(pieces)
            if cells > MOST_CELLS:
                raise Refused(
                    "excel",
                    f"a sheet spans {cells:,} cells, at most {MOST_CELLS:,} are read",
                    where=info.filename,
                    cure="Delete the cells far below or to the right of the table, and save again",
                )


def _pieces(member: IO[bytes], meter: Meter) -> Iterator[bytes]:
    """The content in pieces that cut no tag in two."""
    rest = b""
    while chunk := member.read(CHUNK):
        meter.add(len(chunk))
        rest += chunk
        at = rest.rfind(b"<")
        at = at if at > 0 else len(rest)
        yield rest[:at]
        rest = rest[at:]
    yield rest


def _cells_of_xlsx(pieces: Iterator[bytes]) -> int:
    """Rows times columns, up to the last place that is named."""
    columns, rows = {b""}, 0
    for piece in pieces:
        found = PLACE.findall(piece)
        columns.update(column for column, _ in found)
        rows = max(rows, max((int(row) for _, row in found), default=0))
    return rows * max(map(_number, columns))


def _number(column: bytes) -> int:
    """The number of a column by its letters; 1 for none."""
    number = 0
    for letter in column.upper():
        number = number * 26 + letter - 64
    return max(number, 1)


def _cells_of_ods(pieces: Iterator[bytes]) -> int:
    """Rows times columns of the largest sheet, up to its last value."""
    most = rows = width = widest = 0
    for kind, attributes in (tag for piece in pieces for tag in TAG.findall(piece)):
        repeated = REPEATED.search(attributes)
        times = int(repeated[1]) if repeated else 1
        if kind == b"table":
            rows = width = widest = 0
        elif kind == b"table-row":
            rows, width = rows + times, 0
        else:
            width += times
            if VALUE in attributes:
                widest = max(widest, width)
                most = max(most, rows * widest)
    return most
