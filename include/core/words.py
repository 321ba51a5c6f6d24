"""Finds names in text."""

import re
from functools import cache


def holds(text: str, words: frozenset[str]) -> bool:
    """Whether one of the words is in a text, with no letter or digit beside it."""
    return text in words or pattern_of(words).search(text) is not None


@cache
def pattern_of(words: frozenset[str]) -> re.Pattern[str]:
    """What finds one of the words, with no letter or digit beside it."""
    longest_first = sorted(map(re.escape, words), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")
