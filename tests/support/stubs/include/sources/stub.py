"""Files in a folder of this machine, without rclone: `stub:///folder`."""

import shutil
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from include.core.errors import RemoteGone
from include.core.rclone import RemoteFile


class Stub:
    def list(
        self, location: str, *, only: Collection[str] | None = None, with_digest: bool = False
    ) -> list[RemoteFile]:
        folder = _folder(location)
        paths = [
            path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and (only is None or str(path.relative_to(folder)) in only)
        ]
        return [
            RemoteFile(str(path.relative_to(folder)), path.stat().st_size, _modified(path))
            for path in paths
        ]

    def fetch(self, location: str, folder: Path, paths: Collection[str]) -> None:
        source = _folder(location)
        for path in paths:
            if (source / path).is_file():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / path, folder / path)


def _folder(location: str) -> Path:
    folder = Path(location.removeprefix("stub://"))
    if not folder.is_dir():
        raise RemoteGone("there is no such folder", where=location, cure="check the location")
    return folder


def _modified(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()


SOURCE = Stub()
