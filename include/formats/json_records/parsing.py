"""JSON texts as Python values, and the values of an object by their paths.

Numbers keep the text that they are written with; NaN and Infinity are texts as well.
"""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any


class Damaged(ValueError):
    """A record, or a whole document, that cannot be used."""


@dataclass(frozen=True)
class Repeated:
    """An object in which a key comes twice: of two equal keys one would be lost."""

    pairs: list[tuple[str, Any]]

    def damage(self) -> Damaged:
        """Why it cannot be used."""
        counts = Counter(key for key, _ in self.pairs)
        first = next(key for key, count in counts.items() if count > 1)
        return Damaged(f"a key comes twice: {first!r}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Repeated:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(pairs)


DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=str, strict=False
)


def why(error: Exception) -> str:
    """What is wrong, for a message."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)


def values_of(record: Any, named_by: str = "") -> dict[str, str]:
    """The values of a record by their paths, as texts; none of null. Raises Damaged.

    `named_by`: see file_formats.csv.
    """
    if isinstance(record, Repeated):
        raise record.damage()
    if record is not None and not isinstance(record, dict):
        raise Damaged("it is no object")
    return flatten(record or {}, named_by=named_by)


def flatten(
    record: dict[str, Any], prefix: str = "", *, with_lists: bool = True, named_by: str = ""
) -> dict[str, str]:
    """The values in an object by their paths below `prefix`, as texts. Raises Damaged."""
    values = _Values(with_lists, named_by)
    try:
        values.add_object(record, prefix)
        "".join((*values.found, *values.found.values())).encode()
    except UnicodeEncodeError:
        raise Damaged("half of a surrogate pair is no character") from None
    except RecursionError as error:
        raise Damaged(why(error)) from None
    return values.found


class _Values:
    """Collects the values of one record."""

    def __init__(self, with_lists: bool, named_by: str) -> None:  # ours
        self.found: dict[str, str] = {}
        self._with_lists, self._named_by = with_lists, named_by

    def add_object(self, values: dict[str, Any], path: str) -> None:
        if "" in values:
            raise Damaged("a key is empty")
        for key, value in values.items():
            below = f"{path}.{key}" if path else key
            if type(value) is str:
                self._add(below, value)
            elif type(value) is dict and (name := self._name(value)):
                self.add_object(value, f"{below}[{name}:0]")
            else:
                self._add_value(value, below)

    def _add_value(self, value: Any, path: str) -> None:
        if isinstance(value, dict):
            self.add_object(value, path)
        elif isinstance(value, list):
            self._add_list(value, path)
        elif isinstance(value, Repeated):
            raise value.damage()
        else:
            self._add(path, _text(value))

    def _add_list(self, values: list[Any], path: str) -> None:
        named = Counter[str]()
        for place, value in enumerate(values if self._with_lists else ()):
            name = self._name(value)
            step = f"{name}:{named[name]}" if name else place
            named[name] += 1
            self._add_value(value, f"{path}[{step}]")

    def _name(self, value: Any) -> str:
        """What an object is called by its key `named_by`; empty if it has none."""
        name = value.get(self._named_by) if self._named_by and isinstance(value, dict) else None
        return name if isinstance(name, str) else ""

    def _add(self, path: str, text: str) -> None:
        if path in self.found:
            raise Damaged(f"two values are called {path!r}")
        self.found[path] = text


def joined(path: str, key: str) -> str:
    """The path of a key below another path."""
    return f"{path}.{key}" if path else key


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
