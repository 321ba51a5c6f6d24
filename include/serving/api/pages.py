"""Long lists, a page at a time."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.datastructures import QueryParams

from include.serving.api.errors import Problem

MOST = 1000  # rows of a page
Limit = Annotated[int, Query(ge=1, le=MOST, description="the most rows of the answer")]
Cursor = Annotated[
    str, Query(max_length=1000, description="where a page begins; from `links.next` of another")
]


def page(
    request: Request, name: str, rows: list[dict[str, Any]], key: str, limit: int, cursor: str
) -> dict[str, Any]:
    """A page of a list, and the link to the next one, relative to the address of this one.

    Args:
        request: whose query the link repeats.
        name: of the list in the answer.
        rows: all of them, in an order that stays.
        key: the column that identifies a row; a cursor is its value in the last row of a page.
        limit: the most rows.
        cursor: of the request; empty: the first page.

    Raises:
        Problem: 422, the row of the cursor is not in the list.
    """
    start = _after(rows, key, cursor) if cursor else 0
    shown = rows[start : start + limit]
    next_page = None
    if start + limit < len(rows):
        last = urlsafe_b64encode(str(shown[-1][key]).encode()).decode()
        query = QueryParams({**request.query_params, "cursor": last})
        next_page = f"?{query}"
    return {name: shown, "links": {"next": next_page}}


def _after(rows: list[dict[str, Any]], key: str, cursor: str) -> int:
    try:
        last = urlsafe_b64decode(cursor.encode()).decode()
    except (ValueError, binascii.Error):
        last = ""
    for number, row in enumerate(rows):
        if str(row[key]) == last:
            return number + 1
    raise Problem(422, "the list has changed; begin at its first page", "cursor")
