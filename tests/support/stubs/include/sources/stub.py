"""Files in a folder of this machine, without rclone: `stub:///folder`."""

import shutil
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from include.core.rclone import RemoteFile


class Stub:
    def list(
        self, location: str, *, only: Collection[str] | None = None, with_digest: bool = False
    ) -> list[RemoteFile]:
        folder = Path(location.removeprefix("stub://"))
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
        for path in paths:
            shutil.copy(Path(location.removeprefix("stub://")) / path, folder / path)


def _modified(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()


SOURCE = Stub()
