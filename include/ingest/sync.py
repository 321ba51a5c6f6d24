"""Brings what is new on a drive into landing, verified, and leaves everything else alone."""

import re
from collections import Counter
from dataclasses import asdict
from pathlib import PurePosixPath

from include import files, rclone
from include.errors import RemoteError, StorageError
from include.ingest.ledger import Arrival, FileVersion, Finding, Ledger
from include.rclone import RemoteFile
from include.registry.rows import Datasource
from include.settings import Settings

COPIES = 2  # a second try for what did not verify; after that it waits for the next run


def sync(settings: Settings, datasource: Datasource, neighbours: tuple[Datasource, ...] = ()) -> list[Finding]:
    """Copy the listing less the ledger into landing and hand the arrivals to validation.

    `neighbours` are the datasources that share the location: a file that none of them claims is told, not lost.
    Raises RemoteGone if the location does not exist, RemoteError if it cannot be read.
    """
    known = Ledger.read(settings.paths.ledger).latest(datasource.datasource_id)
    listed = rclone.listing(datasource.location)
    findings = _unclaimed(listed, datasource, neighbours)
    claimed, odd = _claimed(listed, datasource)
    findings += odd
    wanted = [file for file in claimed if not _is_known(file, known)]
    arrivals: list[Arrival] = []
    for _ in range(COPIES):
        wanted, arrived = _copy(settings, datasource, wanted)
        arrivals += arrived
        if not wanted:
            break
    findings += [
        Finding("unstable_file", "warning", "the file changed or vanished while it was copied", where=file.path, cure="The next run tries again")
        for file in wanted
    ]
    files.write_json(
        settings.paths.ingest / datasource.datasource_id / "arrivals.json",
        {"arrivals": [asdict(arrival) for arrival in arrivals], "findings": [asdict(finding) for finding in findings], "ever_seen": bool(known or arrivals)},
    )
    return findings


def _is_known(file: RemoteFile, known: dict[str, FileVersion]) -> bool:
    version = known.get(file.path)
    return version is not None and (version.size, version.modified) == (file.size, file.modified)


def _claimed(listed: list[RemoteFile], datasource: Datasource) -> tuple[list[RemoteFile], list[Finding]]:
    """The files whose names match, less those whose names or kinds cannot be used."""
    pattern = re.compile(datasource.file_pattern)
    claimed, findings = [], []
    copies = Counter(file.path for file in listed)
    for file in listed:
        name = PurePosixPath(file.path.removesuffix(".rclonelink"))
        if not pattern.fullmatch(name.name):
            continue
        if file.path.endswith(".rclonelink"):
            findings.append(Finding("symbolic_link", "error", "a symbolic link is not followed", where=file.path, cure="Put the file itself there"))
        elif ".." in name.parts or name.is_absolute() or not file.path.isprintable():
            findings.append(
                Finding("file_name", "error", "the name leads elsewhere or holds control characters", where=repr(file.path), cure="Rename the file")
            )
        elif copies[file.path] > 1:
            findings.append(
                Finding("same_name_twice", "error", f"{copies[file.path]} files have this name", where=file.path, cure="Rename or remove all but one")
            )
        else:
            claimed.append(file)
    return claimed, list(dict.fromkeys(findings))


def _unclaimed(listed: list[RemoteFile], datasource: Datasource, neighbours: tuple[Datasource, ...]) -> list[Finding]:
    if neighbours and neighbours[0] != datasource:
        return []  # the first of them tells for all
    patterns = [re.compile(source.file_pattern) for source in (neighbours or (datasource,))]
    return [
        Finding(
            "unclaimed_file",
            "warning",
            "no datasource's file_pattern matches the name",
            where=file.path,
            cure="Rename it, or add a row to datasources_config.csv",
        )
        for file in listed
        if not any(pattern.fullmatch(PurePosixPath(file.path.removesuffix(".rclonelink")).name) for pattern in patterns)
    ]


def _copy(settings: Settings, datasource: Datasource, wanted: list[RemoteFile]) -> tuple[list[RemoteFile], list[Arrival]]:
    """Copy, look at the remote once more, and move into landing what is the same on both sides."""
    if not wanted:
        return [], []
    incoming = settings.paths.incoming / datasource.datasource_id
    files.remove(incoming)
    incoming.mkdir(parents=True)
    rclone_said: RemoteError | None = None
    try:
        rclone.fetch(datasource.location, incoming, [file.path for file in wanted])
    except RemoteError as error:
        rclone_said = error  # some files may have come all the same: the second look decides file by file
    after = {file.path: file for file in rclone.listing(datasource.location, only=[file.path for file in wanted], with_digest=True)}
    unstable: list[RemoteFile] = []
    arrivals: list[Arrival] = []
    for before in wanted:
        now, local = after.get(before.path), incoming / before.path
        if now is None or not local.is_file() or (now.size, now.modified) != (before.size, before.modified):
            unstable.append(now or before)
            continue
        if local.stat().st_size != now.size or not _same_digest(local, now.digest):
            unstable.append(now)
            continue
        digest = files.sha256(local)
        landed = settings.paths.landed(datasource.building_id, datasource.datasource_id, before.path, digest)
        if not (landed.is_file() and files.sha256(landed) == digest):
            files.move(local, landed)
        arrivals.append(Arrival(datasource.datasource_id, datasource.building_id, before.path, now.size, now.modified, digest))
    if rclone_said and (not arrivals or "no space left" in str(rclone_said).lower() or "permission denied" in str(rclone_said).lower()):
        if "no space left" in str(rclone_said).lower():
            raise StorageError("disk full while copying", where=str(incoming), cure="make room or move DATA_DIR, then run again") from rclone_said
        raise rclone_said
    return unstable, arrivals


def _same_digest(local, digest: str) -> bool:
    import hashlib

    if not digest:
        return True  # the backend knows none: the size was compared
    kind, _, expected = digest.partition(":")
    with local.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest() == expected
