"""Where in a document its records are: the path in `records` of file_formats.csv.

Steps are separated by `.`: a key, `*` for every member of an object, and behind either `[0]` for
one element of a list or `[*]` for each. `[]` at the end reads an object of lists of equal length:
record i has element i of each list. Otherwise, what is at the end of the path is a record, or a
list of records; null is a record without values.

A record also offers, unless a value of its own has the name:

- `*`: what stood for the `*` of the path, joined by `/` (of `[*]`: the place in the list, from 0);
  `*1`, `*2` …: each of them.
- The values beside the path: those of each object on the way, under the path from the document,
  with `*` as in `records`. Lists are left out.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from include.formats.json_records.parsing import Damaged, Repeated, flatten, joined

STEP = re.compile(r"(?P<key>[^\[\]]*)(?P<lists>(\[(\d+|\*)\])*)(?P<columns>\[\])?")
ALL, COLUMNS = "*", "[]"
SHOWN_KEYS = 5


class InvalidPath(ValueError):
    """A text that is not a path; says why."""


@dataclass(frozen=True)
class Step:
    """One step of a path: into an object by `key`, or into a list by `index`; `*` is all of it."""

    key: str = ""
    index: str = ""

    @property
    def text(self) -> str:
        """As it is written."""
        return f"[{self.index}]" if self.index else self.key


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path. Raises InvalidPath."""
    steps: list[Step] = []
    parts = text.split(".")
    for number, part in enumerate(parts, 1):
        match = STEP.fullmatch(part)
        if not match or (match["columns"] and number < len(parts)):
            raise InvalidPath(
                f"{part!r} is not a step: a key, *, and behind it [0], [*] or a last []"
            )
        if not match["key"] and (number > 1 or len(parts) > 1 or not match["columns"]):
            raise InvalidPath("a key is empty")
        steps += [Step(key=match["key"])] if match["key"] else []
        steps += [Step(index=index) for index in re.findall(r"\[(\d+|\*)\]", match["lists"])]
        steps += [Step(key=COLUMNS)] if match["columns"] else []
    return tuple(steps)


@dataclass(frozen=True)
class Found:
    """A record as it is in the document, not yet read, and what it may take from around it."""

    value: Any
    names: dict[str, str] = field(default_factory=dict)
    beside: tuple[dict[str, str], ...] = ()


def find_records(document: Any, path: tuple[Step, ...]) -> Iterator[Found]:
    """The records at a path of a document. Raises Damaged if the path leads nowhere."""
    walk = _Walk(path)
    yield from walk.into(document, 0, "", (), ())
    if not walk.has_arrived:
        at, there = walk.stuck
        raise Damaged(f"nothing is at {_written(path)!r}: {at or 'the document'} {there}")


@dataclass
class _Walk:
    """`stuck`: where the path ended too early for the first time, and what is there."""

    path: tuple[Step, ...]
    has_arrived: bool = False
    stuck: tuple[str, str] = ("", "")

    def into(
        self,
        value: Any,
        at: int,
        name: str,
        matched: tuple[str, ...],
        beside: tuple[dict[str, str], ...],
    ) -> Iterator[Found]:
        """The records below a value that the first `at` steps, written as `name`, lead to."""
        if at == len(self.path):
            self.has_arrived = True
            is_element = self.path[-1].index == ALL
            found = value if isinstance(value, list) and not is_element else [value]
            names = _names(matched)
            yield from (Found(one, names, beside) for one in found)
            return
        if isinstance(value, Repeated):
            raise value.damage()
        step = self.path[at]
        if step.key == COLUMNS and isinstance(value, dict):
            yield from self._rows(value, name, matched, beside)
            return
        inner = _inner(value, step)
        if inner is None:
            self.stuck = self.stuck if self.stuck[1] else (name, _shape(value))
            return
        self.has_arrived |= not inner  # `*` of nothing: there are no records
        if isinstance(value, dict) and step.key != ALL:
            others = {key: other for key, other in value.items() if key != step.key}
            beside = (*beside, flatten(others, name, with_lists=False))
        below = name + step.text if step.index else joined(name, step.text)
        for key, one in inner.items():
            is_match = ALL in (step.key, step.index)
            yield from self.into(
                one, at + 1, below, (*matched, key) if is_match else matched, beside
            )

    def _rows(
        self,
        value: dict[str, Any],
        name: str,
        matched: tuple[str, ...],
        beside: tuple[dict[str, str], ...],
    ) -> Iterator[Found]:
        """Record i has element i of each list in an object."""
        lists = {key: inner for key, inner in value.items() if isinstance(inner, list)}
        if not lists:
            self.stuck = self.stuck if self.stuck[1] else (name, "has no lists")
            return
        lengths = {key: len(inner) for key, inner in lists.items()}
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{key} {length:,}" for key, length in lengths.items())
            raise Damaged(f"the lists in {name or 'the document'} differ in length: {shown}")
        self.has_arrived = True
        others = {key: inner for key, inner in value.items() if key not in lists}
        beside = (*beside, flatten(others, name, with_lists=False))
        names = _names(matched)
        for row in zip(*lists.values(), strict=True):
            yield Found(dict(zip(lists, row, strict=True)), names, beside)


def _inner(value: Any, step: Step) -> dict[str, Any] | None:
    """The values that a step leads to, by key or place; None if it does not fit the value."""
    if isinstance(value, list) and step.index:
        places = {str(n): inner for n, inner in enumerate(value)}
        return places if step.index == ALL else _one(places, str(int(step.index)))
    if isinstance(value, dict) and step.key and step.key != COLUMNS:
        return value if step.key == ALL else _one(value, step.key)
    return None


def _one(values: dict[str, Any], key: str) -> dict[str, Any] | None:
    return {key: values[key]} if key in values else None


def _names(matched: tuple[str, ...]) -> dict[str, str]:
    single = {f"{ALL}{n}": name for n, name in enumerate(matched, 1)}
    return {ALL: "/".join(matched), **single} if matched else {}


def _shape(value: Any) -> str:
    """What a value is, for a message."""
    if isinstance(value, list):
        return f"is a list of {len(value):,}"
    if not isinstance(value, dict):
        return "is not an object"
    shown = ", ".join(itertools.islice(value, SHOWN_KEYS))
    more = len(value) - SHOWN_KEYS
    return f"has {shown or 'no keys'}" + (f" and {more:,} more" if more > 0 else "")


def _written(path: tuple[Step, ...]) -> str:
    text = ""
    for step in path:
        is_key = not step.index and step.key != COLUMNS
        text = joined(text, step.text) if is_key else text + step.text
    return text
