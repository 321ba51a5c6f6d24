"""Withdraws releases: their files go, and a list says that they were there."""

import json
from typing import Any

from include.core import files, rclone
from include.core.drives import below
from include.core.settings import Settings
from include.registry import Run
from include.release import upload
from include.release.release import VERSION, latest_folder

WITHDRAWN = "withdrawn.json"
REASON = "it held a place that was erased"


def withdrawn(settings: Settings) -> list[dict[str, Any]]:
    """The releases of the publication that were withdrawn, each with day and reason."""
    found: list[dict[str, Any]] = files.read_or(settings.paths.releases / WITHDRAWN, [])
    return found


def withdraw_older(run: Run) -> list[str]:
    """Withdraw every release of the run's publication but the last one, here and on its remote,
    and the files of the history that the last one does not name. Returns the versions.
    """
    settings = run.settings
    last = latest_folder(settings)
    if last is None:
        return []
    releases = settings.paths.releases
    here = {path.name for path in releases.iterdir() if path.is_dir() and not path.is_symlink()}
    there = set(rclone.folders(below(settings.publish_remote, "releases")))
    gone = sorted(name for name in here | there if VERSION.fullmatch(name) and name != last.name)
    there_already = rclone.get_text(below(settings.publish_remote, WITHDRAWN))
    offered = json.loads(there_already) if there_already else []
    now = {"withdrawn": f"{run.as_of:%Y-%m-%d}", "reason": REASON}
    rows = {version: {"version": version, **now} for version in gone}
    rows |= {row["version"]: row for row in [*withdrawn(settings), *offered]}
    files.write_json(releases / WITHDRAWN, [rows[version] for version in sorted(rows)])
    rclone.put(releases / WITHDRAWN, below(settings.publish_remote, WITHDRAWN))
    for version in gone:
        if version in there:
            rclone.delete_folder(
                below(settings.publish_remote, f"releases/{version}"), for_good=True
            )
        files.remove(releases / version)
    for name in (".staging", ".incoming"):
        files.remove(releases / name)
    upload.retire(settings, for_good=True)
    return gone
