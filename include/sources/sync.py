"""Brings what is new on a drive or at an address into landing, verified; leaves the rest alone."""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path, PurePosixPath

from include.core import files
from include.core.errors import RemoteError, StorageError
from include.core.rclone import RemoteFile
from include.core.settings import Settings
from include.ledger.ledger import Arrival, FileVersion, Finding, Ledger
from include.registry import Run
from include.registry.rows import Datasource
from include.sources.archives import copy_as_archives
from include.sources.ask import ask_what_is_due
from include.sources.copied import Copied
from include.sources.credentials import Credentials, no_credentials
from include.sources.packs import Packs
from include.sources.registry import endpoint_of, source_of

log = logging.getLogger(__name__)

COPIES = 2  # a second try for what did not verify; after that it waits for the next run
REPLACED = (  # rclone lists it for each byte that is not UTF-8, and then finds no file of that name
    "\ufffd"
)
LINK = ".rclonelink"  # rclone's suffix of a symbolic link
LONGEST_NAME = 200  # bytes; file systems take 255, and landing adds the digest
DISK_FULL = re.compile("no space left|remaining disk space|disk quota exceeded", re.IGNORECASE)


def sync(
    run: Run,
    datasource: Datasource,
    credentials: Credentials = no_credentials,
    *,
    is_replay: bool = False,
) -> list[Finding]:
    """Bring into landing what the ledger does not have, and hand the arrivals to validation.

    A replay of an older day asks no address: the answers would be those of today.

    Raises RemoteGone if the location does not exist, RemoteError if it cannot be read.
    """
    ledger = Ledger.read(run.settings.paths, datasource.building_id)
    known = ledger.latest(datasource.datasource_id)
    refused = {path for path, version in known.items() if version.verdict == "refused"}
    if endpoint := endpoint_of(run, datasource, credentials):
        answers = endpoint.answers()
        refused &= {answer.path for answer in answers}
        arrivals, findings = ask_what_is_due(
            run, datasource, endpoint, [] if is_replay else answers, known
        )
    else:
        listed = source_of(datasource).list(datasource.location)
        if datasource.is_packed:
            arrivals, findings = _pack_what_is_new(run, datasource, listed, ledger)
        else:
            arrivals, findings = _copy_what_is_new(run, datasource, listed, known)
            refused &= {file.path for file in listed}
    files.write_json(
        run.settings.paths.ingest / datasource.datasource_id / "arrivals.json",
        {
            "arrivals": [asdict(arrival) for arrival in arrivals],
            "findings": [asdict(finding) for finding in findings],
            "refused_and_still_there": sorted(refused),
        },
    )
    return findings


def _copy_what_is_new(
    run: Run, datasource: Datasource, listed: list[RemoteFile], known: dict[str, FileVersion]
) -> tuple[list[Arrival], list[Finding]]:
    """Copy the listing less the ledger. A file that no datasource of the location claims is
    reported, not lost.
    """
    neighbours = run.registry.neighbours_of(datasource)
    findings = _unclaimed(listed, datasource, neighbours, run.registry.erased_files)
    claimed, odd = claimed_files(listed, datasource)
    claimed, twice = claimed_once(claimed, datasource, neighbours)
    findings += [*odd, *twice]
    if (
        known and not claimed and not odd and not twice
    ):  # if no file is known either, `register` reports an error
        findings.append(
            Finding(
                "nothing_matches",
                "warning",
                f"no file name matches file_pattern {datasource.file_pattern}",
                where=datasource.location,
                cure=(
                    "Check location and file_pattern in datasources_config.csv; if no more files"
                    " will come, set its status to disabled"
                ),
            )
        )
    wanted = [file for file in claimed if not is_known(file, known)]
    arrivals: list[Arrival] = []
    for copied, left in _copy_twice(run.settings, datasource, wanted):
        arrivals += [_land(run.settings, datasource, file) for file in copied]
        findings += left
    log.info(
        "%s: files listed: %d, of this datasource: %d, new or changed: %d, copied: %d (%s bytes)",
        datasource.datasource_id,
        len(listed),
        len(claimed),
        len(wanted),
        len(arrivals),
        f"{sum(arrival.size for arrival in arrivals):,}",
    )
    return arrivals, findings


def _pack_what_is_new(
    run: Run, datasource: Datasource, listed: list[RemoteFile], ledger: Ledger
) -> tuple[list[Arrival], list[Finding]]:
    """Copy the listing less the members of the packs, and add what came to them."""
    packs = Packs(run, datasource, ledger)
    new = new_among(listed, packs.has)
    neighbours, erased = run.registry.neighbours_of(datasource), run.registry.erased_files
    findings = [*packs.findings, *_unclaimed(new, datasource, neighbours, erased)]
    claimed, odd = claimed_files(new, datasource)
    wanted, twice = claimed_once(claimed, datasource, neighbours)
    findings += [*odd, *twice]
    count = 0
    for many in copy_as_archives(run.settings, datasource, wanted):
        count += packs.add(many)
    by_itself = [file for file in wanted if not packs.has(file)]
    for copied, left in _copy_twice(run.settings, datasource, by_itself):
        count += packs.add(copied)
        findings += left
    arrivals = packs.arrivals()
    log.info(
        "%s: files listed: %d, new or changed: %d, copied: %d, packs that have grown: %d",
        datasource.datasource_id,
        len(listed),
        len(wanted),
        count,
        len(arrivals),
    )
    return arrivals, findings


def new_among(listed: list[RemoteFile], is_there: Callable[[RemoteFile], bool]) -> list[RemoteFile]:
    """The files that are new, with others of their names: two of one name are one too many."""
    names = {file.path for file in listed if not is_there(file)}
    return [file for file in listed if file.path in names]


def is_known(file: RemoteFile, known: dict[str, FileVersion]) -> bool:
    """Whether the ledger has the file of that name with this size and time."""
    version = known.get(file.path)
    return (
        version is not None
        and version.verdict != "gone"
        and (version.size, version.modified) == (file.size, file.modified)
    )


def claimed_files(
    listed: list[RemoteFile], datasource: Datasource
) -> tuple[list[RemoteFile], list[Finding]]:
    """The files whose names match, less those whose names or kinds cannot be used."""
    pattern = re.compile(datasource.file_regex)
    claimed, findings = [], []
    copies = Counter(file.path for file in listed)
    for file in listed:
        if not pattern.fullmatch(_name(file)):
            continue
        name = PurePosixPath(file.path.removesuffix(LINK))
        if file.path.endswith(LINK):
            findings.append(
                Finding(
                    "symbolic_link",
                    "error",
                    "a symbolic link is not followed",
                    where=file.path,
                    cure="Put the file itself there",
                )
            )
        elif ".." in name.parts or name.is_absolute() or not file.path.isprintable():
            problem = "the name leads elsewhere or holds control characters"
            findings.append(
                Finding(
                    "file_name", "error", problem, where=repr(file.path), cure="Rename the file"
                )
            )
        elif REPLACED in file.path:
            problem = (
                "the name is not valid UTF-8, so the file can be listed and not read; U+FFFD is in"
                " the place of each invalid byte"
            )
            findings.append(
                Finding("file_name", "error", problem, where=file.path, cure="Rename the file")
            )
        elif max(len(part.encode()) for part in name.parts) > LONGEST_NAME:
            findings.append(
                Finding(
                    "file_name",
                    "error",
                    f"the name is longer than {LONGEST_NAME} bytes",
                    where=file.path,
                    cure="Rename the file",
                )
            )
        elif copies[file.path] > 1:
            findings.append(
                Finding(
                    "same_name_twice",
                    "error",
                    f"{copies[file.path]} files have this name",
                    where=file.path,
                    cure="Rename or remove all but one",
                )
            )
        else:
            claimed.append(file)
    return claimed, list(dict.fromkeys(findings))


def _unclaimed(
    listed: list[RemoteFile],
    datasource: Datasource,
    neighbours: tuple[Datasource, ...],
    erased: Iterable[tuple[str, str]],
) -> list[Finding]:
    if neighbours and neighbours[0] != datasource:
        return []  # the first of them reports for all
    own = [source.file_regex for source in neighbours or (datasource,)]
    own += [regex for location, regex in erased if location == datasource.location]
    patterns = list(map(re.compile, own))
    return [
        Finding(
            "unclaimed_file",
            "warning",
            "no datasource's file_pattern matches the name",
            where=file.path,
            cure="Rename it, or add a row to datasources_config.csv",
        )
        for file in listed
        if not any(pattern.fullmatch(_name(file)) for pattern in patterns)
    ]


def _name(file: RemoteFile) -> str:
    """Without folder; `PurePosixPath` would cost as much as all else of a long listing."""
    return file.path.removesuffix(LINK).rpartition("/")[2]


def claimed_once(
    claimed: list[RemoteFile], datasource: Datasource, neighbours: tuple[Datasource, ...]
) -> tuple[list[RemoteFile], list[Finding]]:
    """The files that no other datasource of the building claims: their values would count twice."""
    others = [
        (other.datasource_id, re.compile(other.file_regex))
        for other in neighbours
        if other != datasource and other.building_id == datasource.building_id
    ]
    once, findings = [], []
    for file in claimed:
        name = _name(file)
        owners = [other for other, pattern in others if pattern.fullmatch(name)]
        if not owners:
            once.append(file)
            continue
        findings.append(
            Finding(
                "claimed_twice",
                "error",
                f"the file_pattern of {owners[0]} matches the name as well",
                where=file.path,
                cure="Let one file_pattern of datasources_config.csv match it",
            )
        )
    return once, findings


def _copy_twice(
    settings: Settings, datasource: Datasource, wanted: list[RemoteFile]
) -> Iterator[tuple[list[Copied], list[Finding]]]:
    """What came of the wanted files, and after the last try why others were left."""
    for tries_left in reversed(range(COPIES)):
        copied, left = _copy(settings, datasource, wanted)
        yield copied, [] if tries_left else [finding for _, finding in left]
        wanted = [file for file, _ in left]
    files.remove(settings.paths.incoming / datasource.datasource_id)


def _copy(
    settings: Settings, datasource: Datasource, wanted: list[RemoteFile]
) -> tuple[list[Copied], list[tuple[RemoteFile, Finding]]]:
    """Copy, and list the remote once more: the files that are the same on both sides, and the rest
    with its reason.
    """
    if not wanted:
        return [], []
    paths = [file.path for file in wanted]
    incoming = settings.paths.incoming / datasource.datasource_id
    files.remove(incoming)
    incoming.mkdir(parents=True)
    source, said = source_of(datasource), ""
    try:
        source.fetch(datasource.location, incoming, paths)
    except RemoteError as error:
        said = (
            error.what
        )  # some files may have come all the same: the second look decides file by file
        if DISK_FULL.search(said):
            cure = "make room or move DATA_DIR, then run again: nothing is half written"
            raise StorageError(
                f"disk full while copying\n{said}", where=str(incoming), cure=cure
            ) from error
    after = {
        file.path: file for file in source.list(datasource.location, only=paths, with_digest=True)
    }
    copied: list[Copied] = []
    left: list[tuple[RemoteFile, Finding]] = []
    for before in wanted:
        now, local = after.get(before.path, before), incoming / before.path
        digest = files.sha256(local) if local.is_file() else ""
        if problem := _why_left(before, after.get(before.path), local, digest, said):
            left.append((now, problem))
        else:
            copied.append(Copied(now, local, digest))
    return copied, left


def _land(settings: Settings, datasource: Datasource, copied: Copied) -> Arrival:
    """Move a file into landing."""
    source_id, building_id, file = datasource.datasource_id, datasource.building_id, copied.file
    landed = settings.paths.landed(building_id, source_id, copied.digest)
    if not (landed.is_file() and files.sha256(landed) == copied.digest):
        assert isinstance(copied.copy, Path)
        files.move(copied.copy, landed)
    return Arrival(source_id, building_id, file.path, file.size, file.modified, copied.digest)


def _why_left(
    before: RemoteFile, now: RemoteFile | None, local: Path, digest: str, said: str
) -> Finding | None:
    """Why a copy cannot be used: what is listed now, and the local file, are not what was listed
    before.
    """
    if now is None:
        return _unstable(before, "vanished")
    if (now.size, now.modified) != (before.size, before.modified):
        return _unstable(now, "changed")
    if not digest:
        return _not_copied(now, said)
    if local.stat().st_size != now.size or not _same_digest(local, digest, now.digest):
        return _unstable(now, "arrived damaged or changed")
    return None


def _unstable(file: RemoteFile, what: str) -> Finding:
    return Finding(
        "unstable_file",
        "warning",
        f"the file {what} while it was copied",
        where=file.path,
        cure="The next run tries again",
    )


def _not_copied(file: RemoteFile, said: str) -> Finding:
    words = re.search(rf"^.*ERROR : {re.escape(file.path)}: (.+)$", said, re.MULTILINE)
    reason = words[1] if words else "the source reported no error"
    return Finding(
        "not_copied",
        "error",
        f"the file cannot be copied: {reason}",
        where=file.path,
        cure="Give the platform's account the right to read it",
    )


def _same_digest(local: Path, sha256: str, digest: str) -> bool:
    """Whether the copy has the remote's digest; where the backend knows none, sizes were
    compared.
    """
    kind, _, expected = digest.partition(":")
    if kind in ("", "sha256"):
        return expected in ("", sha256)
    with local.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest() == expected
