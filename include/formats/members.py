"""The files of one archive, read as one file.

They have the same columns, and are read in order of name. The numbers of records count on: if the
first file has 100 lines, line 1 of the second is number 101.
"""

import dataclasses
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate

import numpy as np
import pyarrow as pa

from include.formats.containers import Member
from include.formats.port import RawFile, Records
from include.formats.rejected import Refused, RejectedLines
from include.ledger.ledger import Finding

EMPTY = ("empty_file", "no_rows")  # the checks of a file that holds nothing
LINE = re.compile(r"line (\d+)")


@dataclasses.dataclass(frozen=True)
class Opened:
    """A file of an archive, and the number before its first record."""

    name: str
    file: RawFile
    start: int


class Members:
    """See the port."""

    def __init__(self, files: Sequence[tuple[str, RawFile]], empty: Sequence[str]) -> None:
        starts = accumulate((file.last for _, file in files), initial=0)
        self._opened = [
            Opened(name, file, start) for (name, file), start in zip(files, starts, strict=False)
        ]
        (name, first), *_ = files
        self.header_at, self.data_at = f"{first.header_at} of {name}", f"{first.data_at} of {name}"
        self.names_vary = first.names_vary
        self.rows = sum(file.rows for _, file in files)
        self.last = sum(file.last for _, file in files)
        found = [
            dataclasses.replace(finding, where=finding.where or name)
            for name, file in files
            for finding in file.findings
        ]
        self.findings = (*found, *(_left_out(name) for name in empty))
        self._headers: list[list[str]] = []

    def header(self, wanted: Collection[str] = ()) -> list[str]:
        """See the port."""
        self._headers = []
        for one in self._opened:
            with _of_member(one.name):
                self._headers.append(one.file.header(wanted))
        if self.names_vary:
            return list(dict.fromkeys(name for names in self._headers for name in names))
        first, *others = ([name for name in names if name] for names in self._headers)
        for names, one in zip(others, self._opened[1:], strict=True):
            if names != first:
                _refuse_other_columns(first, names, self._opened[0].name, one)
        return self._headers[0]

    def records(self, header: list[str], rejected: RejectedLines, most: int) -> Records:
        """See the port."""
        found = []
        for one, names in zip(self._opened, self._headers, strict=True):
            part = RejectedLines(rejected.shows_text)
            with _of_member(one.name):
                found.append(one.file.records(header if self.names_vary else names, part, most))
            for number, reason in sorted(part.reasons.items()):
                _, message, _, cure = part.messages[reason]
                rejected.add(one.start + number, reason, message, cure=cure)
        columns = zip(*(records.columns for records in found), strict=True)
        numbers = [one.start + part.numbers for one, part in zip(self._opened, found, strict=True)]
        return Records(
            tuple(pa.concat_arrays(arrays) for arrays in columns),
            np.concatenate(numbers),
        )

    def texts(self, numbers: Collection[int]) -> dict[int, bytes]:
        """See the port."""
        found: dict[int, bytes] = {}
        for one in self._opened:
            own = [n - one.start for n in numbers if one.start < n <= one.start + one.file.last]
            found |= {one.start + n: text for n, text in one.file.texts(own).items()}
        return found

    def member_of(self, number: int) -> Opened:
        """The file that holds a record."""
        return self._opened[bisect_left(self._opened, number, key=lambda one: one.start) - 1]

    def named(self, finding: Finding) -> Finding:
        """A finding of a line, with the file of the archive and the line in it."""
        match = LINE.match(finding.where)
        if not match or " of " in finding.where:
            return finding
        number = int(match[1])
        one = self.member_of(number)
        place = f"{match[0]} (line {number - one.start} of {one.name})"
        return dataclasses.replace(finding, where=finding.where.replace(match[0], place, 1))


def open_members(members: Sequence[Member], read: Callable[[Member], RawFile]) -> RawFile:
    """The files of an archive as one. One that holds nothing is left out, with a warning.

    Raises Refused if one of them cannot be read, or all hold nothing.
    """
    files, empty = [], dict[str, Refused]()
    for member in members:
        try:
            with _of_member(member.name):
                file = read(member)
                _check_for_rows(file)
        except Refused as refused:
            if refused.finding.check not in EMPTY:
                raise
            empty[member.name] = refused
        else:
            files.append((member.name, file))
    if not files:
        raise next(iter(empty.values()))
    return files[0][1] if len(members) == 1 else Members(files, list(empty))


def _check_for_rows(file: RawFile) -> None:
    """Whatever else is wrong with a header is found later, when it is known what is wanted."""
    try:
        file.header()
    except Refused as refused:
        if refused.finding.check in EMPTY:
            raise


@contextmanager
def _of_member(name: str) -> Iterator[None]:
    """Name the file of the archive in the refusals of the block."""
    try:
        yield
    except Refused as refused:
        found = refused.finding
        where = f"{found.where} of {name}" if found.where and name else found.where or name
        raise Refused(found.check, found.message, where=where, cure=found.cure) from None


def _left_out(name: str) -> Finding:
    return Finding(
        "empty_member",
        "warning",
        "a file in the archive holds no records: it is left out",
        where=name,
        cure="Nothing was measured, or the export failed: export it again",
    )


def _refuse_other_columns(
    first: Sequence[str], names: Sequence[str], first_name: str, one: Opened
) -> None:
    differing = [name for name in (*first, *names) if (name in first) != (name in names)]
    what = f"the first that differs is {differing[0]!r}" if differing else "they are in other order"
    raise Refused(
        "header",
        f"the files of the archive have other columns than {first_name}: {what}",
        where=f"{one.file.header_at} of {one.name}",
        cure="Pack files of equal columns into one archive",
    )
