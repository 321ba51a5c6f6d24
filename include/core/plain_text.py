"""Shows text from files as text: no markup, no links, no control characters.

Names of files, columns and sensors come from whoever may write to a drive. They appear in a
release's README, in issues, mails, notes, pages and on the terminal.
"""

import re
import unicodedata
from collections.abc import Sequence

LONGEST = 1000  # characters of one text; findings that quote a whole header are longer
UNSAFE = {
    "Cc",
    "Cf",
    "Cs",
    "Zl",
    "Zp",
}  # control, invisible and direction marks, lone surrogates, Unicode's line ends
REPLACEMENT = "\ufffd"
# GitHub makes links of bare addresses, mentions and issue numbers, escaped or not. An invisible
# character inside prevents it.
BREAK = "\u200b"
# A backslash does not escape them everywhere: not a bar after a backslash in a table.
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\\": "&bsol;", "|": "&verbar;"})
LINKED = re.compile(r"(:)(?=//)|(www)(?=\.)|(@)|(#)(?=\w)", re.IGNORECASE)


def visible(text: str) -> str:
    """One line: white space becomes a blank, and every control or invisible character U+FFFD."""
    if text.isprintable():  # the usual case, at once
        return text
    return "".join(
        " " if sign.isspace() else REPLACEMENT if unicodedata.category(sign) in UNSAFE else sign
        for sign in text
    )


def visible_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(visible(line) for line in text.split("\n"))


def shortened(text: str, longest: int = LONGEST) -> str:
    """The text, cut with an ellipsis if it is longer than that."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def some(texts: Sequence[str], shown: int = 5, separator: str = ", ") -> str:
    """The first texts, and how many more there are."""
    more = f"{separator}… and {len(texts) - shown:,} more" if len(texts) > shown else ""
    return separator.join(texts[:shown]) + more


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `2 files`, `1,200 entries`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def plain(text: str, longest: int = LONGEST) -> str:
    """The text for one line or table cell of Markdown, which renders as the same characters."""
    text = visible(shortened(text.strip(), longest)).strip()
    text = text.translate(ENTITIES)
    text = re.sub(r"[`*\[\]~$]", r"\\\g<0>", text)
    text = re.sub(
        r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text
    )  # within a word it means nothing, and names stay readable
    text = re.sub(r"(?<= )#", r"\\#", text)  # after a blank it may close a heading
    text = re.sub(
        r"^([-+=#])|^(\d+)(?=[.)])",
        lambda start: f"\\{start[1]}" if start[1] else f"{start[2]}\\",
        text,
    )
    return LINKED.sub(rf"\g<0>{BREAK}", text)


def fenced(text: str, most_lines: int = 200, longest: int = 20_000) -> str:
    """The text as a block of code in Markdown, cut to a size that a person reads."""
    text = visible_lines(shortened(text, longest))
    lines = text.split("\n")
    if len(lines) > most_lines:
        lines = [*lines[:most_lines], f"… and {len(lines) - most_lines:,} more lines"]
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    return "\n".join([fence, *lines, fence])
