"""The text of a record that is no piece of its file, such as a row of a workbook."""

import json
from collections.abc import Mapping


def record_text(values: Mapping[str, str]) -> bytes:
    """Its values as a JSON object."""
    return json.dumps(values, ensure_ascii=False).encode(errors="replace")
