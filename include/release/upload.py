"""Puts a promoted release on the publish remote: its history and its folder first, verified; then
one small latest.json.
"""

import json
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from include.core import files, rclone
from include.core.drives import below
from include.core.errors import DamagedFile, RemoteError, RemoteGone
from include.core.settings import Settings
from include.release import explorer_data, explorer_page, stable_names
from include.release.history import FOLDER, PATH, HistoryFile, lay_out, read_history
from include.release.release import KEPT, VERSION, Release, latest, read

log = logging.getLogger(__name__)

SUMS, RUN = "SHA256SUMS", "run.json"  # run.json is not in the sums: a later run may replace it
SUM = re.compile(
    r"([0-9a-f]{64})  ([A-Za-z0-9_][A-Za-z0-9._-]{0,199}"
    rf"|{explorer_data.FOLDER}/(?:\w{{1,100}}/[0-9]{{4}}/)?\w{{1,100}}\.json)"
)  # a checksum, and a plain file name that any disk takes or a file of the explorer
REPLACED = (
    "nothing: the next release that is published replaces it; to restore it, use the remote's"
    " version history"
)


@dataclass(frozen=True)
class Pointer:
    """The content of latest.json: the version of the published release, its `as_of` with time zone,
    and the folder of the page that shows it, if there is one.
    """

    version: str
    as_of: datetime
    explorer: str = ""

    @classmethod
    def parse(cls, text: str, where: str) -> "Pointer":
        """Check text that anybody with access to the remote may have written.

        Raises DamagedFile.
        """
        try:
            row = json.loads(text)
            version, as_of = row["version"], datetime.fromisoformat(row["as_of"])
            date.fromisoformat(version[:10])
            if (
                VERSION.fullmatch(version)
                and row["path"] == f"releases/{version}"
                and as_of.utcoffset() is not None
            ):
                page = row.get("explorer")
                is_page = isinstance(page, str) and explorer_page.PATH.fullmatch(page)
                return cls(version, as_of, page if is_page else "")
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        raise DamagedFile(
            "latest.json is damaged: it does not name a version, its time and its path",
            where=where,
            cure=REPLACED,
        )

    def to_text(self) -> str:
        """The bytes of latest.json."""
        content = {
            "version": self.version,
            "as_of": self.as_of.isoformat(),
            "path": f"releases/{self.version}",
        }
        if self.explorer:
            content["explorer"] = self.explorer
        return json.dumps(content, indent=1) + "\n"


def upload(settings: Settings, release: Release) -> bool:
    """Make the publish remote offer `release` as the latest; False if it, or a newer one, is
    offered and complete.

    A reader takes the version from latest.json, so it sees the old release or the new one, whole.
    Files under stable names follow, also where an earlier upload stopped before them.
    """
    if offered := whole_offer(settings, release):
        if offered.version == release.version:
            page = _offer_page(settings, release, offered)
            if page != offered.explorer:
                _put_pointer(settings, replace(offered, explorer=page))
            stable_names.offer(settings, release)
        return False
    _send_history(settings, release)
    folder = _remote(settings, f"releases/{release.version}")
    _copy_unchanged(settings, release, folder)
    rclone.send(release.path, folder, files.names_below(release.path))
    _verify(folder, release)
    page = _offer_page(settings, release, _offered_or_none(settings))
    _put_pointer(settings, Pointer(release.version, release.as_of, page))
    stable_names.offer(settings, release)
    return True


def _offer_page(settings: Settings, release: Release, offered: Pointer | None) -> str:
    """Send the page of this machine if another one is offered. Returns the folder of the page that
    latest.json should name: if this machine has none, the one that is offered; none for a release
    that a page cannot draw.
    """
    if not explorer_data.has_packs(release.path):
        return ""
    before = offered.explorer if offered else ""
    page = explorer_page.built_path()
    if page and page != before:
        explorer_page.send(settings, page)
    return page or before


def _put_pointer(settings: Settings, pointer: Pointer) -> None:
    local = settings.paths.work / "latest.json"
    files.write_text(local, pointer.to_text())
    rclone.put(local, _remote(settings, "latest.json"))


def _offered_or_none(settings: Settings) -> Pointer | None:
    """As `offered_release`, but nothing where latest.json is damaged."""
    try:
        return offered_release(settings)
    except DamagedFile:
        return None


def _copy_unchanged(settings: Settings, release: Release, folder: str) -> None:
    """Copy what the explorer draws of years that are unchanged from the release that is offered,
    where the remote copies by itself. `rclone.send` verifies it, and sends what is missing.
    """
    offered = _offered_or_none(settings)
    if offered is None or offered.version == release.version:
        return
    if not (before := settings.paths.releases / offered.version / SUMS).exists():
        return
    lines = set(before.read_text().splitlines()) & set(
        (release.path / SUMS).read_text().splitlines()
    )
    same = [name for _, name in (line.split("  ") for line in lines) if "/" in name]
    if same and rclone.copies_within(folder):
        try:
            rclone.copy_within(_remote(settings, f"releases/{offered.version}"), folder, same)
        except RemoteError as error:
            log.warning("the files of unchanged years are uploaded again: %s", error)


def _send_history(settings: Settings, release: Release) -> None:
    """Upload the files of the history that the release names, except those that are there with
    their size.
    """
    if not (missing := _absent(settings, read_history(release.path / "lineage.json"))):
        return
    with files.scratch_folder(settings.paths.work) as outgoing:
        lay_out(settings, missing, outgoing)
        rclone.send(
            outgoing / FOLDER,
            _remote(settings, FOLDER),
            [file.path.removeprefix(f"{FOLDER}/") for file in missing],
        )
    if absent := _absent(settings, missing):
        raise RemoteError(
            f"{len(absent)} uploaded files of the history are missing or have another size, the"
            f" first is {absent[0].path}",
            where=_remote(settings, FOLDER),
            cure="run again to retry the upload; until then readers get the previous release",
        )


def _absent(settings: Settings, named: Iterable[HistoryFile]) -> list[HistoryFile]:
    there = _history_there(settings)
    return [file for file in named if there.get(file.path) != file.bytes]


def _history_there(settings: Settings) -> dict[str, int]:
    """Bytes by path of the history on the publish remote; files of other names are ignored."""
    there = {f"{FOLDER}/{name}": size for name, size in _sizes(_remote(settings, FOLDER)).items()}
    return {path: size for path, size in there.items() if PATH.fullmatch(path)}


def is_offered(settings: Settings, release: Release) -> bool:
    """Whether readers of the publish remote get `release`, or a newer one, and its files and
    history are there.
    """
    return whole_offer(settings, release) is not None


def whole_offer(settings: Settings, release: Release) -> Pointer | None:
    """What the publish remote offers, if that is `release` or a newer one, and its files and
    history are there.

    None also if latest.json is damaged or names a release that is not there: then `upload` replaces
    it.
    """
    try:
        offered = offered_release(settings)
    except DamagedFile as error:
        log.warning("%s", error)
        return None
    if offered is None or (offered.version != release.version and offered.as_of <= release.as_of):
        return None
    there = _sizes(_remote(settings, f"releases/{offered.version}"))
    if offered.version == release.version:
        here = {name: size for name, size in _sizes_here(release).items() if name != RUN}
        is_whole = RUN in there and all(there.get(name) == size for name, size in here.items())
        is_whole = is_whole and not _absent(settings, read_history(release.path / "lineage.json"))
    else:
        is_whole = {RUN, SUMS} <= there.keys()
    return offered if is_whole else None


def offered_release(settings: Settings) -> Pointer | None:
    """What latest.json on the publish remote names; None if nothing was ever published.

    Raises DamagedFile.
    """
    where = _remote(settings, "latest.json")
    try:
        text = rclone.get_text(where)
    except UnicodeDecodeError:
        text = "not text"
    return None if text is None else Pointer.parse(text, where)


def adopt_offered(settings: Settings) -> str | None:
    """Bring the published release here if it is newer than the one here: the next one is compared
    with it.

    A damaged latest.json, and one that names a missing release, are logged and change nothing. If
    the files of the release are damaged, that is an error only where there is no other release to
    compare with: months could be lost unnoticed.
    """
    try:
        offered = offered_release(settings)
    except DamagedFile as error:
        log.warning("%s", error)
        return None
    here = latest(settings)
    if offered is None or (here and here.as_of >= offered.as_of):
        return None
    folder = _remote(settings, f"releases/{offered.version}")
    there = _sizes(folder)
    if not there:
        log.warning(
            "latest.json names %s, and this release is not on the publish remote\n  where: %s\n "
            " what to do: %s",
            offered.version,
            folder,
            REPLACED,
        )
        return None
    try:
        incoming = _fetch(settings, offered, folder, there)
    except DamagedFile as error:
        if here is None:
            raise
        log.warning("the published release is not taken over: %s", error)
        return None
    target = settings.paths.releases / offered.version
    if not target.exists():
        files.move(incoming, target)
    files.point(settings.paths.latest, offered.version)
    return offered.version


def _fetch(settings: Settings, offered: Pointer, folder: str, there: dict[str, int]) -> Path:
    """The files that the release's checksums name, checked, in a folder beside the releases.

    Raises DamagedFile.
    """
    own = f"{explorer_data.FOLDER}/"
    if nested := sorted(name for name in there if "/" in name and not name.startswith(own)):
        raise _damaged(f"a release has no folders but {own}, this one has {nested[0]!r}", folder)
    if missing := sorted({SUMS, RUN} - there.keys()):
        raise _damaged(f"{missing[0]} of the published release is missing", folder)
    incoming = files.empty_folder(settings.paths.releases / ".incoming")
    rclone.fetch(folder, incoming, [SUMS, RUN])
    sums = _sums(incoming / SUMS, folder)
    if missing := sorted(sums.keys() - there.keys()):
        raise _damaged(f"{missing[0]} of the published release is missing", folder)
    rclone.fetch(folder, incoming, sorted(sums))
    _check_files(incoming, sums, offered.version, folder)
    read_history(incoming / "lineage.json")
    try:
        read(incoming)
    except (OSError, DamagedFile) as error:
        raise _damaged(f"{RUN} of the published release is damaged: {error}", folder) from error
    return incoming


def _check_files(incoming: Path, sums: dict[str, str], version: str, folder: str) -> None:
    """The files have their checksums, and the documents name the version. Raises DamagedFile."""
    for name, digest in sums.items():
        if not (incoming / name).is_file() or files.sha256(incoming / name) != digest:
            raise _damaged(f"{name} of the published release does not have its checksum", folder)
    for name in ("lineage.json", "schema.json"):
        if name not in sums or _version_in(incoming / name) != version:
            raise _damaged(f"{name} of the published release does not belong to {version}", folder)


def _sums(path: Path, folder: str) -> dict[str, str]:
    """Checksum by file name.

    Raises DamagedFile if a line is anything but a checksum and a plain file name.
    """
    lines = path.read_bytes().decode(errors="replace").splitlines() if path.is_file() else []
    found = [SUM.fullmatch(line) for line in lines]
    sums = {match[2]: match[1] for match in found if match}
    if not sums or len(sums) != len(lines) or sums.keys() & {SUMS, RUN}:
        raise _damaged(f"{SUMS} of the published release is damaged", folder)
    return sums


def _version_in(path: Path) -> Any:
    content = files.read_or(path, None)
    return content.get("version") if isinstance(content, dict) else None


def _damaged(what: str, folder: str) -> DamagedFile:
    return DamagedFile(
        what,
        where=folder,
        cure=(
            "publish it again from a machine that has it whole (docs/runbook.md, Publishing); or"
            " delete latest.json"
        ),
    )


def _sizes(folder: str) -> dict[str, int]:
    """Bytes by path below a folder of the remote; empty if there is none."""
    try:
        return {file.path: file.size for file in rclone.listing(folder)}
    except RemoteGone:
        return {}


def _sizes_here(release: Release) -> dict[str, int]:
    """Bytes by path below the folder of a release."""
    return {name: (release.path / name).stat().st_size for name in files.names_below(release.path)}


def _verify(folder: str, release: Release) -> None:
    here, there = _sizes_here(release), _sizes(folder)
    if there != here:
        different = sorted(
            name for name in here.keys() | there.keys() if here.get(name) != there.get(name)
        )
        raise RemoteError(
            f"the uploaded release differs in {', '.join(different)}",
            where=folder,
            cure="run again to retry the upload; until then readers get the previous release",
        )


def retire(settings: Settings, *, for_good: bool = False) -> list[str]:
    """Remove releases beyond the last 30, here and on the remote, but for the last of each month;
    then the history that no release names.
    """
    last = settings.paths.latest.resolve().name
    here = [
        path.name
        for path in settings.paths.releases.iterdir()
        if path.is_dir() and not path.is_symlink() and path.name[0] != "."
    ]
    there = rclone.folders(_remote(settings, "releases"))
    gone_here, gone_there = (
        [version for version in expired(versions) if version != last] for versions in (here, there)
    )
    for version in gone_here:
        files.remove(settings.paths.releases / version)
    for version in gone_there:
        rclone.delete_folder(_remote(settings, f"releases/{version}"), for_good=for_good)
    _retire_history(
        settings,
        [version for version in there if version not in gone_there and VERSION.fullmatch(version)],
        for_good=for_good,
    )
    return [*gone_here, *gone_there]


def _retire_history(settings: Settings, versions: list[str], *, for_good: bool) -> None:
    """Remove the files of the history that none of these releases names.

    If one cannot be read, all files stay.
    """
    with files.scratch_folder(settings.paths.work) as folder:
        lineages = {
            version: settings.paths.releases / version / "lineage.json" for version in versions
        }
        if absent := [version for version, path in lineages.items() if not path.exists()]:
            rclone.fetch(
                _remote(settings, "releases"),
                folder,
                [f"{version}/lineage.json" for version in absent],
            )
        try:
            named = {
                file.path
                for version, path in lineages.items()
                for file in read_history(
                    path if path.exists() else folder / version / "lineage.json"
                )
            }
        except DamagedFile as error:
            log.warning("no file of the history is removed from the publish remote: %s", error)
            return
    if idle := sorted(_history_there(settings).keys() - named):
        rclone.delete_files(
            _remote(settings, FOLDER),
            [path.removeprefix(f"{FOLDER}/") for path in idle],
            for_good=for_good,
        )


def expired(versions: list[str]) -> list[str]:
    """Versions that need not be kept; other names are ignored."""
    ordered = sorted(version for version in versions if VERSION.fullmatch(version))
    last_of_month = {version[:7]: version for version in ordered}
    kept = {*ordered[-KEPT:], *last_of_month.values()}
    return [version for version in ordered if version not in kept]


def _remote(settings: Settings, name: str) -> str:
    return below(settings.publish_remote, name)
