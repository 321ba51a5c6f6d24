"""The platform's memory on STATE_REMOTE: any machine can go on from there.

Each building has a state of its own, and so has what all share: `state/<owner>@<generation>.json`
names every file of its owner with its checksum. It is sent last, so a push that was interrupted has
not happened; one listing shows what is new of all buildings. Files that change are stored under a
name with their checksum, so what an older state names stays whole until a newer one has replaced
it.
"""

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from include.core import files, rclone, state_remote
from include.core.errors import ConflictError, DamagedFile, PlatformError, RemoteGone, StorageError
from include.core.settings import Settings
from include.core.state_remote import remote_path, stored_name
from include.ledger.ledger import STATE_FORMAT, Ledger, check_state_format
from include.store.store import Store

SHARED = "_shared"  # owns what is made from all seeds; no building may be called so
OWNED = re.compile(
    r"(landing|catalog|quarantine)/(?P<folder>[^/]+)/|.*\bbuilding_id=(?P<key>[^/]+)/"
)
FORMAT_FILE = "state.json"  # at the top of the remote: which checkouts may read it
NAME = re.compile(r"state/(?P<owner>[^@/]+)@(?P<generation>[0-9]+)\.json")


@dataclass(frozen=True)
class State:
    """What the remote holds of one owner: path under DATA_DIR → sha256."""

    generation: int = 0
    files: dict[str, str] = field(default_factory=dict)
    state_format: int = STATE_FORMAT

    def to_json(self) -> dict[str, object]:
        """As written."""
        return {
            "generation": self.generation,
            "files": self.files,
            "state_format": self.state_format,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any], where: str) -> "State":
        """Raises ConfigurationError if a newer checkout wrote it."""
        check_state_format(content.get("state_format", 1), where)
        return cls(content["generation"], content["files"])


MARK = State().to_json()


def owner_of(path: str) -> str:
    """The building that a path under DATA_DIR belongs to, or `SHARED`."""
    found = OWNED.match(path)
    return (found["folder"] or found["key"]) if found else SHARED


def local_state(settings: Settings, owner: str) -> State:
    """What this machine knows of an owner; generation 0 if it knows nothing."""
    path = settings.paths.state(owner)
    return State.from_json(files.read_sealed(path), str(path)) if path.exists() else State()


@dataclass(frozen=True)
class RemoteStates:
    """What the remote says it holds.

    Attributes:
        states: by owner.
        names: the files on the remote that say so, by owner; those of older generations as well.
        is_marked: whether the remote holds the mark at which an older checkout stops.
    """

    states: dict[str, State]
    names: dict[str, list[str]]
    is_marked: bool

    def of(self, owner: str) -> State:
        """Generation 0 if the remote holds nothing of that owner."""
        return self.states.get(owner, State())


def remote_states(settings: Settings) -> RemoteStates:
    """What the remote says it holds of the buildings that the run sees; only what is not known here
    is read.

    Where that is damaged, this machine's memory of it is trusted, and everything sent again.
    """
    listed = _listed(settings)
    names: dict[str, list[str]] = defaultdict(list)
    newest: dict[str, tuple[int, rclone.RemoteFile]] = {}
    for file in listed:
        found = NAME.fullmatch(file.path)
        if found and (found["owner"] == SHARED or settings.paths.sees(found["owner"])):
            names[found["owner"]].append(file.path)
            this = int(found["generation"]), file
            newest[found["owner"]] = max(this, newest.get(found["owner"], this), key=itemgetter(0))
    # until the mark is there, what is not yet apart is in the state of all
    states = {} if _is_apart(listed) else split(_old_state_if_whole(settings))
    unread: dict[str, str] = {}
    for owner, (generation, file) in newest.items():
        here, path = local_state(settings, owner), settings.paths.state(owner)
        if here.generation == generation and path.stat().st_size == file.size:
            states[owner] = here
        else:
            unread[file.path] = owner
    with files.scratch_folder(settings.paths.work) as folder:
        if unread:
            rclone.fetch(settings.state_remote, folder, unread)
        for name, owner in unread.items():
            generation, _ = newest[owner]
            where = remote_path(settings, name)
            states[owner] = _read(settings, folder / name, where, owner, generation)
    return RemoteStates(states, names, is_marked=any(map(_is_mark, listed)))


def _listed(settings: Settings) -> list[rclone.RemoteFile]:
    try:
        return rclone.listing(settings.state_remote, matching=[f"/{FORMAT_FILE}", "/state/*.json"])
    except RemoteGone:
        return []


def _read(settings: Settings, path: Path, where: str, owner: str, generation: int) -> State:
    """The state in a file of that generation.

    Raises DamagedFile if it cannot be read and this machine knows an older generation only.
    """
    try:
        return State.from_json(files.open_sealed(path.read_text(errors="replace"), where), where)
    except (DamagedFile, FileNotFoundError) as error:
        if 0 < generation <= local_state(settings, owner).generation:
            return State(local_state(settings, owner).generation)
        raise DamagedFile("the file is damaged", where=where, cure=files.HEALING) from error


def is_apart(settings: Settings) -> bool:
    """Whether the state remote holds nothing of all buildings in one file."""
    return _is_apart(_listed(settings))


def _is_apart(listed: Iterable[rclone.RemoteFile]) -> bool:
    return all(_is_mark(file) for file in listed if file.path == FORMAT_FILE)


def _is_mark(file: rclone.RemoteFile) -> bool:
    return (file.path, file.size) == (FORMAT_FILE, len(files.sealed(MARK).encode()))


def _old_state_if_whole(settings: Settings) -> State:
    """The state of all buildings in one file; where that is damaged, what this machine remembers is
    sent again.
    """
    try:
        return old_state(settings)
    except DamagedFile:
        if settings.paths.known_states:
            return State()
        raise


def old_state(settings: Settings) -> State:
    """The state of all buildings in one file, as an older checkout has left it on the remote;
    generation 0 if none has.
    """
    where = remote_path(settings, FORMAT_FILE)
    text = rclone.get_text(where)
    return State.from_json(files.open_sealed(text, where), where) if text else State()


def split(old: State) -> dict[str, State]:
    """The states of the owners in one that an older checkout has written for all.

    What named the files of all buildings is nobody's: it is written again.
    """
    owned: dict[str, dict[str, str]] = {SHARED: {}}
    for path, digest in old.files.items():
        if path.startswith(("dimensions/", "hierarchy/")) or owner_of(path) != SHARED:
            owned.setdefault(owner_of(path), {})[path] = digest
    return {owner: State(old.generation, files) for owner, files in owned.items()}


def restore(settings: Settings) -> list[str]:
    """Take over what another machine, or this one before it lost its disk, has pushed.

    Returns the paths that were fetched.
    """
    taken = {}
    for owner, there in remote_states(settings).states.items():
        is_remembered = owner == SHARED or settings.paths.ledger(owner).exists()
        if there.generation > local_state(settings, owner).generation or not is_remembered:
            taken[owner] = there
    fetched, failed = _fetch_what_can_be(settings, taken)
    for owner, there in taken.items():
        if owner not in failed:
            files.write_sealed(settings.paths.state(owner), there.to_json())
    for error in failed.values():
        raise StorageError(
            f"the state of {', '.join(failed)} cannot be restored: {error.what}",
            where=error.where,
            cure=error.cure,
        )
    return fetched


def _fetch_what_can_be(
    settings: Settings, taken: dict[str, State]
) -> tuple[list[str], dict[str, PlatformError]]:
    """The fetched paths, and what failed by owner: one keeps no other back."""
    with contextlib.suppress(PlatformError):
        return state_remote.fetch(settings, _first_of(taken.values())), {}
    fetched: list[str] = []
    failed: dict[str, PlatformError] = {}
    for owner, there in taken.items():
        try:
            fetched += state_remote.fetch(settings, _first_of([there]))
        except PlatformError as error:
            failed[owner] = error
    return fetched, failed


def _first_of(states: Iterable[State]) -> dict[str, str]:
    """What an empty machine needs of these states."""
    return {
        path: digest
        for state in states
        for path, digest in state.files.items()
        if comes_first(path)
    }


def comes_first(path: str) -> bool:
    """Whether an empty machine needs it before it has planned anything."""
    return not path.startswith(("landing/", "readings/building_id=", "metrics/"))


def fetch(settings: Settings, state: State, paths: Iterable[str]) -> list[str]:
    """Bring those of the named files that the state remote holds, unless they are here already;
    every one is verified.
    """
    return state_remote.fetch(
        settings, {path: state.files[path] for path in paths if path in state.files}
    )


def known(settings: Settings, names: Iterable[str]) -> State:
    """Those of the named files that the state remote held when it was last written or read."""
    found: dict[str, str] = {}
    for owner, owned in _by_owner(names).items():
        there = local_state(settings, owner).files
        found |= {name: there[name] for name in owned if name in there}
    return State(0, found)


def fetch_inputs(settings: Settings, paths: Iterable[Path]) -> list[str]:
    """Bring readings or landed files that this run needs and this machine does not have."""
    absent = [str(path.relative_to(settings.paths.root)) for path in paths if not path.exists()]
    return fetch(settings, known(settings, absent), absent) if absent else []


def forget(settings: Settings, paths: Iterable[Path]) -> None:
    """Remember that the remote does not have these after all, so that they are sent again."""
    names = (str(path.relative_to(settings.paths.root)) for path in paths)
    for owner, gone in _by_owner(names).items():
        here = local_state(settings, owner)
        left = {name: digest for name, digest in here.files.items() if name not in gone}
        files.write_sealed(settings.paths.state(owner), State(here.generation, left).to_json())


def _by_owner(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(owner_of(name), []).append(name)
    return found


def push(settings: Settings) -> int:
    """Send what the remote does not have, then the states that name it.

    Returns the number of files sent. A building that another machine has pushed meanwhile keeps
    what the remote has, the others are sent; then ConflictError names it.
    """
    if settings.replay:
        return 0
    # the two DAGs may come to it at one time
    with files.in_turn(settings.paths.push_lock):
        return _push(settings)


def _push(settings: Settings) -> int:
    there, news, conflicts = remote_states(settings), {}, []
    for owner, wanted in _wanted(settings).items():
        try:
            is_apart = owner in there.names
            new = _news(settings, owner, there.of(owner), wanted, is_apart=is_apart)
            if new is not None:
                news[owner] = new
        except ConflictError as error:
            conflicts.append(error)
    outgoing = files.empty_folder(settings.paths.work / "outgoing")
    if news:
        _send(settings, outgoing, there, news)
    if not there.is_marked:
        files.write_sealed(outgoing / FORMAT_FILE, MARK)
        rclone.put(outgoing / FORMAT_FILE, remote_path(settings, FORMAT_FILE))
    if conflicts:
        raise ConflictError(
            "; ".join(dict.fromkeys(error.what for error in conflicts)),
            where=", ".join(error.where for error in conflicts),
            cure=conflicts[0].cure,
        )
    return sum(len(new.files) for new, _ in news.values())


def _news(
    settings: Settings,
    owner: str,
    there: State,
    wanted: dict[str, str],
    *,
    is_apart: bool,
) -> tuple[State, State] | None:
    """The files to send, and the state that names them; None if the remote has everything.

    `is_apart`: the remote has a state of this owner, not only one of all.
    """
    here = local_state(settings, owner)
    if there.generation > here.generation:
        if all(
            there.files.get(path) == digest for path, digest in wanted.items()
        ):  # our own push, cut off before it was noted here
            files.write_sealed(settings.paths.state(owner), there.to_json())
            return None
        raise ConflictError(
            f"another machine has pushed generation {there.generation}, this one went on from"
            f" {here.generation}",
            where=remote_path(settings, f"state/{owner}@{there.generation}.json"),
            cure=(
                "let one machine run the platform; the next run here goes on from what the other"
                " has pushed"
            ),
        )
    if there.generation < here.generation:
        there = State()  # the remote was emptied: give it everything again
    new = {
        path: digest
        for path, digest in wanted.items()
        if (there.files.get(path) != digest or path not in here.files)
        and (settings.paths.root / path).exists()
    }
    if not new and there.files and is_apart:
        return None
    kept = {
        path: digest
        for path, digest in there.files.items()
        if path in wanted or not path.startswith("landing/")
    }  # their names may be those of an older format
    generation = max(here.generation, there.generation) + 1
    return State(generation, new), State(generation, {**kept, **new})


def _send(
    settings: Settings,
    outgoing: Path,
    there: RemoteStates,
    news: dict[str, tuple[State, State]],
) -> None:
    """All files first, then all states, then this machine's memory of them; older ones go last."""
    names = []
    for new, _ in news.values():
        for path, digest in new.files.items():
            link = outgoing / stored_name(path, digest)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.hardlink_to(settings.paths.root / path)
            names.append(stored_name(path, digest))
    if names:
        rclone.send(outgoing, settings.state_remote, names)
    states = {owner: f"state/{owner}@{state.generation}.json" for owner, (_, state) in news.items()}
    for owner, name in states.items():
        files.write_sealed(outgoing / name, news[owner][1].to_json())
    rclone.send(outgoing, settings.state_remote, states.values())
    for owner, (_, state) in news.items():
        files.write_sealed(settings.paths.state(owner), state.to_json())
    if old := [
        name for owner in news for name in there.names.get(owner, ()) if name != states[owner]
    ]:
        rclone.delete_files(settings.state_remote, old, for_good=True)


def sweep(settings: Settings, building_id: str) -> int:
    """Remove from the remote what this machine does not have of a building, nor of what is made
    from all seeds: older revisions, that is. Returns the number of files removed.

    Only after a push: what another machine has sent would go as well.
    """
    wanted = _wanted(settings)
    with files.in_turn(settings.paths.push_lock):
        there, named = remote_states(settings), set[str]()
        outgoing = files.empty_folder(settings.paths.work / "outgoing")
        news = {}
        for owner in (building_id, SHARED):
            found, own = there.of(owner), wanted.get(owner, {})
            named |= {stored_name(path, digest) for path, digest in own.items()}
            if found.files != own:
                news[owner] = (State(), State(found.generation + 1, own))
        if news:
            _send(settings, outgoing, there, news)
        gone = [
            file.path
            for file in rclone.listing(settings.state_remote)
            if file.path not in named and _is_swept(file.path, building_id)
        ]
        if gone:
            rclone.delete_files(settings.state_remote, gone, for_good=True)
    return len(gone)


def _is_swept(name: str, building_id: str) -> bool:
    return owner_of(name) == building_id or name.startswith(("dimensions/", "hierarchy/"))


def _wanted(settings: Settings) -> dict[str, dict[str, str]]:
    """What must be on the remote, by owner: inputs, ledger, readings, archive, their manifests, and
    what is made from the seeds.
    """
    paths = settings.paths
    wanted: dict[Path, str] = {}
    for version in Ledger.read(paths).versions:
        wanted |= version.landed(paths)
    store = Store(settings)
    wanted |= {file.path: file.sha256 for file in store.files()}
    small = (*sorted(paths.dimensions.glob("*")), *sorted(paths.hierarchy.glob("*")))
    ledgers = (paths.ledger(building_id) for building_id in paths.known_buildings)
    for path in (*small, *ledgers, *store.memory()):
        if path.exists():
            wanted[path] = files.sha256(path)
    digests = {str(path.relative_to(paths.root)): digest for path, digest in wanted.items()}
    return {
        owner: {name: digests[name] for name in names}
        for owner, names in _by_owner(digests).items()
    }
