"""Lines of a file that cannot be read, while the rest can: which, why, and how many are too
many.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from include.ledger.ledger import Finding

Reason = Literal[
    "cut_off",
    "encoding",
    "quotes",
    "field_count",
    "json",
    "header_repeated",
    "timestamp",
    "implausible_date",
    "future_dates",
    "decimal_mark",
    "superseded",
]
SHOWN = 80  # characters of a line in a finding
CURES: dict[Reason, str] = {
    "cut_off": "Export or upload it again: the last line has no end",
    "encoding": (
        "Save the file as UTF-8 (it may be Windows-1250), or write its encoding, such as cp1250,"
        " into file_formats.csv"
    ),
    "quotes": "Remove the quote, or close it, and upload again",
    "field_count": "The line is cut off or damaged: export it again",
    "json": "The record is cut off or damaged: export it again",
    "header_repeated": (
        "Nothing, if two exports were joined on purpose; else upload them as two files"
    ),
    "timestamp": (
        "Correct the line and upload again; if most lines are written so, add their format to"
        " date_formats in file_formats.csv"
    ),
    "implausible_date": "Set the device's clock; or change `earliest` in datasources_config.csv",
    "future_dates": "Set the device's clock; the file is read again when that time has come",
    "decimal_mark": (
        "Export with the declared decimal mark and without thousands separators, or change"
        " decimal_mark in file_formats.csv"
    ),
    "superseded": "Nothing, if the file was sent twice: the later one counts, whole",
}
REJECTED = pa.schema(
    [
        ("line", pa.int32()),
        ("reason", pa.string()),
        ("text", pa.string()),
        ("sha256", pa.string()),
        ("member", pa.string()),
    ]
)


class Refused(Exception):
    """The whole file cannot be used; carries the finding that says why."""

    def __init__(self, check: str, message: str, *, where: str = "", cure: str = "") -> None:
        self.finding = Finding(check, "error", message, where=where, cure=cure)
        super().__init__(message)


def no_rows(where: str) -> Refused:
    """The refusal of a file without records; `where` the first should be."""
    return Refused(
        "no_rows",
        "a header and no data",
        where=where,
        cure="Nothing was measured, or the export failed: export it again",
    )


@dataclass
class RejectedLines:
    """Collects the rejected lines of one file; the first reason found for a line stays."""

    shows_text: bool = True  # not where the datasource is sensitive
    reasons: dict[int, Reason] = field(default_factory=dict)
    messages: dict[Reason, tuple[int, str, str, str]] = field(default_factory=dict)

    def add(self, line: int, reason: Reason, message: str, where: str = "", cure: str = "") -> None:
        """Reject a line.

        `message` says what is wrong with it; the first of each reason is shown to people.
        """
        self.reasons.setdefault(line, reason)
        if reason not in self.messages or line < self.messages[reason][0]:
            self.messages[reason] = (line, message, where or f"line {line}", cure or CURES[reason])

    def quote(self, text: str) -> str:
        """A text of the file, for a message."""
        return repr(text[:SHOWN]) if self.shows_text else "(text not shown)"

    def __len__(self) -> int:
        return len(self.reasons)

    def finding(self, rows: int, warn_pct: float, refuse_pct: float) -> Finding | None:
        """What to say of them: a warning; an error that refuses the file if they are more than
        `refuse_pct` of its lines.
        """
        if not self.reasons:
            return None
        counts = Counter(self.reasons.values())
        reason, count = counts.most_common(1)[0]
        total, share = rows + len(self), 100 * len(self) / (rows + len(self))
        _, message, where, cure = self.messages[reason]
        others = "".join(
            f", {number:,} for {other}" for other, number in counts.items() if other != reason
        )
        if share > refuse_pct:
            counted = f" ({count:,} for {reason}{others})" if others else ""
            limit = (
                f"{len(self):,} of {lines_of(total)} cannot be read, {refuse_pct:g} % are"
                f" allowed{counted}"
            )
            return Finding(reason, "error", f"{message}; {limit}", where=where, cure=cure)
        return Finding(
            "rejected_lines" if share <= warn_pct else "many_rejected_lines",
            "warning",
            f"{lines_of(len(self))} of {total:,} rejected ({count:,} for {reason}{others}), the"
            f" first: {message}",
            where=where,
            cure=cure,
        )

    def table(self, texts: dict[int, bytes], members: Mapping[int, str | None]) -> pa.Table:
        """Number, reason, text, digest and file of an archive of each line, in order of lines; no
        text where the source is sensitive.
        """
        lines = sorted(self.reasons)
        return pa.table(
            {
                "line": lines,
                "reason": [self.reasons[line] for line in lines],
                "text": [
                    texts[line].decode(errors="replace") if self.shows_text else None
                    for line in lines
                ],
                "sha256": [hashlib.sha256(texts[line]).hexdigest() for line in lines],
                "member": [members[line] for line in lines],
            },
            schema=REJECTED,
        )


def lines_of(count: int) -> str:
    """`1 line` or `n lines`."""
    return f"{count:,} line" if count == 1 else f"{count:,} lines"
