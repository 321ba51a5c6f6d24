"""Releases and their files."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response

from include.core import files
from include.core.errors import StorageError
from include.serving.api.answers import PROBLEMS, to_json
from include.serving.api.catalogue import View
from include.serving.api.errors import Problem, not_found

Version = Annotated[
    str, InPath(max_length=40, description="of a release", examples=["2026-03-01-0a1b2c3d"])
]
NAME = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}"
FILE = re.compile(rf"{NAME}(/{NAME}){{0,9}}")
IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}


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
        try:
            sums = (folder / "SHA256SUMS").read_text().splitlines()
            tables = files.read_json(folder / "schema.json")["tables"]
            listed = [
                {"path": name, "sha256": digest, "bytes": (folder / name).stat().st_size}
                for digest, name in (line.split("  ") for line in sums)
            ]
        except (OSError, StorageError, KeyError, TypeError, ValueError) as error:
            raise Problem(503, "the release is damaged, or was just removed") from error
        content = {"version": version, "files": listed, "tables": tables}
        return Response(to_json(content), headers=IMMUTABLE, media_type="application/json")

    @router.get("/releases/{version}/files/{path:path}", operation_id="get_file")
    def file(
        seen: Seen,
        version: Version,
        path: Annotated[str, InPath(max_length=300, examples=["public_dataset_daily.parquet"])],
    ) -> FileResponse:
        """A file of a release, or a range of its bytes."""
        folder = seen.release(version)
        found = folder / path
        if not FILE.fullmatch(path) or not found.is_file():
            raise not_found(f"file {path[:200]!r} in release {version}")
        headers = {} if path == "run.json" else IMMUTABLE  # a later run may replace it
        return FileResponse(found, filename=found.name, headers=headers)

    return router
