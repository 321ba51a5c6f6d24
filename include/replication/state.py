"""The platform's memory on STATE_REMOTE: any machine can go on from there.

`state.json` on the remote names every file with its checksum and carries a generation number. It is
replaced last, so a push that was interrupted has not happened. Files that change are stored under a
name with their checksum, so what an older `state.json` names stays whole until a newer one has
replaced it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.core import files, rclone, state_remote
from include.core.errors import ConflictError, DamagedFile
from include.core.settings import Settings
from include.core.state_remote import remote_path, stored_name
from include.ledger.ledger import STATE_FORMAT, Ledger, check_state_format
from include.store.store import Store


@dataclass(frozen=True)
class State:
    """What the remote holds: path under DATA_DIR → sha256."""

    generation: int = 0
    files: dict[str, str] = field(default_factory=dict)
    state_format: int = STATE_FORMAT

    def to_json(self) -> dict[str, object]:
        """As written to state.json."""
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


def local_state(settings: Settings) -> State:
    """The state that this machine knows; generation 0 if it knows none."""
    path = settings.paths.state
    return State.from_json(files.read_sealed(path), str(path)) if path.exists() else State()


def remote_state(settings: Settings) -> State:
    """What the remote says it holds.

    If that is damaged, this machine's memory of it is trusted, and everything sent again.
    """
    where = remote_path(settings, "state.json")
    text = rclone.get_text(where)
    try:
        return State.from_json(files.open_sealed(text, where), where) if text else State()
    except DamagedFile:
        if generation := local_state(settings).generation:
            return State(generation)
        raise


def restore(settings: Settings) -> list[str]:
    """Take over what another machine, or this one before it lost its disk, has pushed.

    Returns the paths that were fetched.
    """
    here, there = local_state(settings), remote_state(settings)
    if there.generation <= here.generation and settings.paths.ledger.exists():
        return []
    if there.generation == 0:
        return []
    wanted = [
        path
        for path in there.files
        if not path.startswith(("landing/", "readings/building_id=", "metrics/"))
    ]
    fetched = fetch(settings, there, wanted)
    files.write_sealed(settings.paths.state, there.to_json())
    return fetched


def fetch(settings: Settings, state: State, paths: Iterable[str]) -> list[str]:
    """Bring those of the named files that the state remote holds, unless they are here already;
    every one is verified.
    """
    return state_remote.fetch(
        settings, {path: state.files[path] for path in paths if path in state.files}
    )


def fetch_inputs(settings: Settings, paths: Iterable[Path]) -> list[str]:
    """Bring readings or landed files that this run needs and this machine does not have."""
    absent = [path for path in paths if not path.exists()]
    return (
        fetch(
            settings,
            local_state(settings),
            [str(path.relative_to(settings.paths.root)) for path in absent],
        )
        if absent
        else []
    )


def forget(settings: Settings, paths: Iterable[Path]) -> None:
    """Remember that the remote does not have these after all, so that they are sent again."""
    here, gone = (
        local_state(settings),
        {str(path.relative_to(settings.paths.root)) for path in paths},
    )
    files.write_sealed(
        settings.paths.state,
        State(here.generation, {k: v for k, v in here.files.items() if k not in gone}).to_json(),
    )


def push(settings: Settings) -> int:
    """Send what the remote does not have, then replace its `state.json`.

    Returns the number of files sent.
    """
    if settings.replay:
        return 0
    here, there, wanted = local_state(settings), remote_state(settings), _wanted(settings)
    if there.generation > here.generation:
        if all(
            there.files.get(path) == digest for path, digest in wanted.items()
        ):  # our own push, cut off before it was noted here
            files.write_sealed(settings.paths.state, there.to_json())
            return 0
        raise ConflictError(
            f"another machine has pushed generation {there.generation}, this one went on from"
            f" {here.generation}",
            where=remote_path(settings, "state.json"),
            cure=(
                "let one machine run the platform; the next run here goes on from what the other"
                " has pushed"
            ),
        )
    if there.generation < here.generation:
        there = State()  # the remote was emptied: give it everything again
    stale = {
        path: digest
        for path, digest in wanted.items()
        if there.files.get(path) != digest or path not in here.files
    }
    new = {path: digest for path, digest in stale.items() if (settings.paths.root / path).exists()}
    if not new and there.files:
        return 0
    outgoing = settings.paths.work / "outgoing"
    files.remove(outgoing)
    for path, digest in new.items():
        link = outgoing / stored_name(path, digest)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.hardlink_to(settings.paths.root / path)
    rclone.send(
        outgoing, settings.state_remote, [stored_name(path, digest) for path, digest in new.items()]
    )
    kept = {
        path: digest
        for path, digest in there.files.items()
        if path in wanted or not path.startswith("landing/")
    }  # their names may be those of an older format
    state = State(max(here.generation, there.generation) + 1, {**kept, **new})
    files.write_sealed(outgoing / "state.json", state.to_json())
    rclone.put(outgoing / "state.json", remote_path(settings, "state.json"))
    files.write_sealed(settings.paths.state, state.to_json())
    return len(new)


def _wanted(settings: Settings) -> dict[str, str]:
    """What must be on the remote: inputs, ledger, readings, archive, their manifests, and what is
    made from the seeds.
    """
    paths = settings.paths
    wanted: dict[Path, str] = {}
    for version in Ledger.read(paths.ledger).versions:
        landed = paths.landed(version.building_id, version.datasource_id, version.sha256)
        wanted[landed] = version.sha256
    store = Store(settings)
    wanted |= {file.path: file.sha256 for file in store.files()}
    small = (*sorted(paths.dimensions.glob("*")), *sorted(paths.hierarchy.glob("*")))
    for path in (*small, paths.ledger, *store.memory()):
        if path.exists():
            wanted[path] = files.sha256(path)
    return {str(path.relative_to(paths.root)): digest for path, digest in wanted.items()}
