"""The latest release once more, at the top of the publish remote, under names that do not change.

For what reads one address again and again: Power BI, Tableau, `bq load`. Each file is replaced
whole, one after the other; `manifest.json`, with the version and the checksum of each, is replaced
last. Who needs all files of one release follows `latest.json` instead.
"""

import json
from datetime import datetime
from typing import Any

from include.core import files, rclone
from include.core.settings import Settings
from include.release.release import Release

MANIFEST = "manifest.json"
DOCUMENTS = ("schema.json", "lineage.json", "README.md")
SAME_AS = {"public_dataset.parquet": "public_dataset_hourly.parquet"}  # name → file of the release


def manifest(release: Release) -> dict[str, Any]:
    """What manifest.json says: version, as_of, and of each file its path and sha256."""
    sums = [line.split("  ") for line in (release.path / "SHA256SUMS").read_text().splitlines()]
    digests = {
        name: digest for digest, name in sums if name.endswith(".parquet") or name in DOCUMENTS
    }
    digests |= {name: digests[source] for name, source in SAME_AS.items() if source in digests}
    return {
        "version": release.version,
        "as_of": release.as_of.isoformat(),
        "files": [{"path": name, "sha256": digest} for name, digest in sorted(digests.items())],
    }


def offer(settings: Settings, release: Release) -> bool:
    """Replace the files under stable names by those of an uploaded release; False if they, or newer
    ones, are there.
    """
    root = settings.publish_remote.rstrip("/")
    at = root if root.endswith(":") else f"{root}/"
    wanted = manifest(release)
    there = _read(rclone.get_text(f"{at}{MANIFEST}"))
    if there == wanted or _as_of(there) > release.as_of:
        return False
    folder = f"{at}releases/{release.version}"
    names = [file["path"] for file in wanted["files"] if file["path"] not in SAME_AS]
    rclone.copy_within(folder, root, names)
    for name, source in SAME_AS.items():
        if source in names:
            rclone.copy_file(f"{folder}/{source}", f"{at}{name}")
    local = settings.paths.work / MANIFEST
    files.write_text(local, json.dumps(wanted, indent=1) + "\n")
    rclone.put(local, f"{at}{MANIFEST}")
    return True


def _read(text: str | None) -> Any:
    """The manifest on the remote; None if there is none, or it is damaged: then it is replaced."""
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None


def _as_of(there: Any) -> datetime:
    try:
        found = datetime.fromisoformat(there["as_of"])
    except (TypeError, KeyError, ValueError):
        found = None
    oldest = datetime.fromisoformat("0001-01-01T00:00+00:00")
    return found if found is not None and found.utcoffset() is not None else oldest
