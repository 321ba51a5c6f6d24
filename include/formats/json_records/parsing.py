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


def values_of(record: Any) -> dict[str, str]:
    """The values of a record by their paths, as texts; none of null. Raises Damaged."""
    if isinstance(record, Repeated):
        raise record.damage()
    if record is not None and not isinstance(record, dict):
        raise Damaged("it is no object")
    return flatten(record or {})


def flatten(record: dict[str, Any], prefix: str = "", *, with_lists: bool = True) -> dict[str, str]:
    """The values in an object by their paths below `prefix`, as texts. Raises Damaged."""
    found: dict[str, str] = {}
    todo: list[tuple[str, Any]] = [(prefix, record)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, Repeated):
            raise value.damage()
        if isinstance(value, dict):
            if "" in value:
                raise Damaged("a key is empty")
            todo += [(joined(path, key), inner) for key, inner in reversed(value.items())]
        elif isinstance(value, list):
            inner_values = reversed(list(enumerate(value))) if with_lists else ()
            todo += [(f"{path}[{n}]", inner) for n, inner in inner_values]
        elif path in found:
            raise Damaged(f"two values are called {path!r}")
        else:
            found[path] = _text(value)
    try:
        "".join((*found, *found.values())).encode()
    except UnicodeEncodeError:
        raise Damaged("half of a surrogate pair is no character") from None
    return found


def joined(path: str, key: str) -> str:
    """The path of a key below another path."""
    return f"{path}.{key}" if path else key


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
