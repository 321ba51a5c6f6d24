"""For mkdocs: a fence such as ```bash not-run: docker is a fence of bash; tests read the rest."""

import re
from typing import Any


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page without the tags of commands that no test runs."""
    return re.sub(r"^(```\w+) not-run: \w+$", r"\1", markdown, flags=re.MULTILINE)
