"""Releases and their files."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response

from include.core import files
from include.core.errors import StorageError
from include.serving.api.answers import PROBLEMS, to_json
from include.serving.api.catalogue import View
from include.serving.api.changes import changes_of
from include.serving.api.errors import Problem, not_found
from include.serving.api.opened import OpenedFile

Version = Annotated[
    str, InPath(max_length=40, description="of a release", examples=["2026-03-01-0a1b2c3d"])
]
Since = Annotated[
    str,
    Query(max_length=40, description="an earlier release", examples=["2026-02-28-0a1b2c3d"]),
]
NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}"
FILE = re.compile(rf"{NAME}(/{NAME}){{0,9}}")
OF_A_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "the file", "content": {"*/*": {}}},
    206: {"description": "ranges of its bytes", "content": {"*/*": {}}},
    400: {"description": "the ranges are invalid", "content": {"text/plain": {}}},
    416: {"description": "there are no such bytes", "content": {"text/plain": {}}},
}
IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}


@contextmanager
def _reading() -> Iterator[None]:
    """Raise Problem, 503, if the documents of a release cannot be read."""
    try:
        yield
    except (OSError, StorageError, KeyError, TypeError, ValueError) as error:
        raise Problem(503, "the release is damaged, or was just removed") from error


def routes(who: Callable[..., View]) -> APIRouter:
    """The router."""
    Seen = Annotated[View, Depends(who)]  # noqa: N806  # a type
    router = APIRouter(tags=["releases"], responses=PROBLEMS)

    @router.get("/releases", operation_id="list_releases")
    def releases(seen: Seen) -> dict[str, Any]:
        """All releases, newest first; `latest`: what the other routes read."""
        latest = {published.release.version for published in seen.all()}
        return {
            "releases": [
                {"version": version, "latest": version in latest} for version in seen.folders()
            ]
        }

    @router.get("/releases/{version}", operation_id="get_release")
    def release(seen: Seen, version: Version) -> Response:
        """The files of a release with their checksums, and the columns of its tables."""
        folder = seen.release(version)
        with _reading():
            sums = (folder / "SHA256SUMS").read_text().splitlines()
            tables = files.read_json(folder / "schema.json")["tables"]
            listed = [
                {"path": name, "sha256": digest, "bytes": (folder / name).stat().st_size}
                for digest, name in (line.split("  ") for line in sums)
            ]
        content = {"version": version, "files": listed, "tables": tables}
        return Response(to_json(content), headers=IMMUTABLE, media_type="application/json")

    @router.get("/releases/{version}/changes", operation_id="get_changes")
    def changes(seen: Seen, version: Version, since: Since) -> Response:
        """What changed since another release of the same publication: of each table the months
        of each building that were added, changed or withdrawn.
        """
        folder, earlier = seen.release(version), seen.release(since)
        if folder.parent != earlier.parent:
            raise Problem(422, "the releases are of different publications", "since")
        with _reading():
            tables = changes_of(folder, earlier)
        content = {"version": version, "since": since, "tables": tables}
        return Response(to_json(content), headers=IMMUTABLE, media_type="application/json")

    @router.get(
        "/releases/{version}/files/{path:path}",
        operation_id="get_file",
        response_class=FileResponse,
        responses=OF_A_FILE,
    )
    def file(
        seen: Seen,
        version: Version,
        path: Annotated[str, InPath(max_length=300, examples=["public_dataset_daily.parquet"])],
    ) -> Response:
        """A file of a release, or a range of its bytes."""
        folder = seen.release(version)
        found = folder / path
        if not FILE.fullmatch(path) or not found.is_file():
            raise not_found(f"file {path[:200]!r} in release {version}")
        headers = {} if path == "run.json" else IMMUTABLE  # a later run may replace it
        return OpenedFile(found, filename=found.name, headers=headers)

    return router
