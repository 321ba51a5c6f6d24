"""Puts a promoted release on the publish remote: the folder first, verified; then one small latest.json."""

import json
from datetime import datetime

from include import files, rclone
from include.errors import RemoteError
from include.publishing.release import KEPT, Release, latest
from include.settings import Settings


def upload(settings: Settings, release: Release) -> bool:
    """Make the publish remote offer `release` as the latest; False if it does so already.

    A reader takes the version from latest.json, so it sees the old release or the new one, whole.
    """
    folder = _remote(settings, f"releases/{release.version}")
    pointer = json.dumps({"version": release.version, "as_of": release.as_of.isoformat(), "path": f"releases/{release.version}"}, indent=1) + "\n"
    offered = offered_release(settings)
    if offered and (offered["version"] == release.version or datetime.fromisoformat(offered["as_of"]) > release.as_of):
        return False
    names = sorted(path.name for path in release.path.iterdir())
    rclone.send(release.path, folder, names)
    _verify(folder, release)
    local = settings.paths.work / "latest.json"
    files.write_text(local, pointer)
    rclone.put(local, _remote(settings, "latest.json"))
    return True


def offered_release(settings: Settings) -> dict[str, str] | None:
    """What latest.json on the publish remote says; None if nothing was ever published."""
    text = rclone.get_text(_remote(settings, "latest.json"))
    return json.loads(text) if text else None


def adopt_offered(settings: Settings) -> str | None:
    """Bring the published release here if it is newer than the one here: the next one is compared with it."""
    offered, here = offered_release(settings), latest(settings)
    if offered is None or (here and here.as_of >= datetime.fromisoformat(offered["as_of"])):
        return None
    version = offered["version"]
    folder = _remote(settings, f"releases/{version}")
    incoming = settings.paths.releases / ".incoming"
    files.remove(incoming)
    incoming.mkdir(parents=True)
    rclone.fetch(folder, incoming, [file.path for file in rclone.listing(folder)])
    for line in (incoming / "SHA256SUMS").read_text().splitlines():
        digest, _, name = line.partition("  ")
        if files.sha256(incoming / name) != digest:
            raise RemoteError(
                f"{name} of the published release does not have its checksum", where=folder, cure="publish it again from a machine that has it whole"
            )
    if not (settings.paths.releases / version).exists():
        files.move(incoming, settings.paths.releases / version)
    files.point(settings.paths.latest, version)
    return version


def _verify(folder: str, release: Release) -> None:
    here = {path.name: path.stat().st_size for path in release.path.iterdir()}
    there = {file.path: file.size for file in rclone.listing(folder)}
    if there != here:
        different = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
        raise RemoteError(f"the uploaded release differs in {', '.join(different)}", where=folder, cure="run again: latest.json still names the release before")


def retire(settings: Settings) -> list[str]:
    """Remove releases beyond the last 30, here and on the remote, but for the last of each month."""
    last = settings.paths.latest.resolve().name
    removed = []
    for remote in (False, True):
        versions = (
            rclone.folders(_remote(settings, "releases"))
            if remote
            else [p.name for p in settings.paths.releases.iterdir() if p.is_dir() and not p.is_symlink() and p.name[0] != "."]
        )
        for version in expired(versions):
            if version == last:
                continue
            if remote:
                rclone.delete_folder(_remote(settings, f"releases/{version}"))
            else:
                files.remove(settings.paths.releases / version)
            removed.append(version)
    return removed


def expired(versions: list[str]) -> list[str]:
    """What need not be kept of versions named `<date>-<hash>`."""
    ordered = sorted(versions)
    last_of_month = {version[:7]: version for version in ordered}
    kept = {*ordered[-KEPT:], *last_of_month.values()}
    return [version for version in ordered if version not in kept]


def _remote(settings: Settings, name: str) -> str:
    return f"{settings.publish_remote.rstrip('/')}{'' if settings.publish_remote.endswith(':') else '/'}{name}"
