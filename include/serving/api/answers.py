"""What all routes share: answers as JSON with an ETag, and the errors that they may give."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
from fastapi import Request
from fastapi.responses import Response

from include.core.version import code_version
from include.serving.api.catalogue import Published
from include.serving.api.errors import MEDIA_TYPE

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {}}}
    for status, text in (
        (401, "not logged in"),
        (404, "it is not there, or not for you"),
        (410, "the release was withdrawn"),
        (414, "the query is too long"),
        (422, "a parameter is invalid"),
        (429, "too many requests; `Retry-After` says when to ask again"),
        (503, "the release cannot be read, or not in time"),
    )
}


def to_json(content: Any) -> bytes:
    """JSON; arrays of numpy are lists, and nan is null. Doubles are exact."""
    return orjson.dumps(content, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):  # with gaps between its items in memory
        return np.ascontiguousarray(value)
    raise TypeError(f"{type(value)} has no JSON")


def answer(
    request: Request, published: Published, make: Callable[[], Any], made_from: str = ""
) -> Response:
    """What `make` gives, as JSON: a function of the release, its time, what of it may be seen, the
    query, and what `made_from` names.

    304 without calling it if the reader has it.
    """
    release = published.release
    seen = f"{release.version} {release.as_of} {published.scope} {code_version()} {made_from}"
    asked = f"{seen} {request.url.path}?{request.url.query}"
    etag = f'W/"{hashlib.sha256(asked.encode()).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, max-age=0, must-revalidate",
        "Vary": "Accept",  # some routes have tables as well
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(to_json(published.heads | make()), 200, headers, "application/json")
