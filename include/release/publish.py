"""The steps from archive to public dataset, as the DAG runs them."""

from collections.abc import Callable, Iterable
from typing import Any

from include.core.errors import ContractError, PlatformError
from include.hierarchy import hierarchy
from include.ledger.ledger import Ledger, redact
from include.registry import Run
from include.release import hand_over
from include.release import release as releases
from include.release.groups import build as groups
from include.release.publications import grouped_runs, publication_runs
from include.release.release import Release
from include.release.upload import retire, upload
from include.replication.state import push
from include.store.readings import dimensions_are_current
from include.store.store import Store


def is_published(run: Run) -> bool:
    """Whether the last release was made from exactly what there is."""
    last = releases.latest(run.settings)
    return last is not None and last.made_from == releases.made_from(run)


def publish(run: Run, made_by: dict[str, Any]) -> dict[str, Release]:
    """Build, audit and promote the releases of the run, save the state, upload.

    The upload is checked in any case: an earlier one may have been interrupted.

    Args:
        run: whose buildings are published; see `publication_runs`.
        made_by: see `release.build`.

    Returns:
        The new releases, by publication; not those whose tables are the last one's.

    Raises:
        PlatformError: one could not be published; the others were.
    """
    runs, grouped = publication_runs(run), grouped_runs(run)
    made, failed = _of_each(runs, lambda own: _make(own, made_by))
    made_of_groups, refused = _of_each(grouped, lambda own: groups.make(own, made_by))
    push(run.settings)
    sent, unsent = _of_each([*runs, *grouped], _send)
    raise_together(unsent | failed | refused, "publication")
    return sent | made | made_of_groups


def _of_each(
    runs: Iterable[Run], step: Callable[[Run], Release | None]
) -> tuple[dict[str, Release], dict[str, PlatformError]]:
    """What a step gave, and what it raised, by publication: one keeps no other back."""
    done, failed = {}, {}
    for own in runs:
        try:
            if (release := step(own)) is not None:
                done[own.settings.publication] = release
        except PlatformError as error:
            failed[own.settings.publication] = error
    return done, failed


def raise_together(failed: dict[str, PlatformError], noun: str) -> None:
    """Raise the only error, or one that says all, each with its noun and name."""
    errors = list(failed.values())
    if len(errors) > 1:
        raise type(errors[0])(
            "\n".join(f"{noun} {name}: {error.what}" for name, error in failed.items()),
            where=", ".join(dict.fromkeys(error.where for error in errors)),
            cure="; ".join(dict.fromkeys(error.cure for error in errors)),
        )
    if errors:
        raise errors[0]


def _make(run: Run, made_by: dict[str, Any]) -> Release | None:
    """Build, audit and promote; None if there is nothing new."""
    _refuse_if_held(run)
    if not Store(run.settings).archive_manifest or is_published(run):
        return None
    _refuse_if_older_than_seeds(run)
    hierarchy.ensure(run.settings, run.registry.of_all)
    return releases.promote(run.settings, releases.build(run, made_by))


def _send(run: Run) -> Release | None:
    """Upload the last release; None if its readers have it already."""
    last = releases.latest(run.settings)
    if last is None or run.settings.replay:
        return None
    uploaded = upload(run.settings, last)
    hand_over.offer(run, last)
    retire(run.settings)
    return last if uploaded else None


def _refuse_if_older_than_seeds(run: Run) -> None:
    """Readings and dimensions of one release are made from the same seeds."""
    if not dimensions_are_current(run):
        raise ContractError(
            "the dimensions were built from other seeds (fingerprint mismatch)",
            where=str(run.settings.paths.dimensions),
            cure=(
                "run refresh, which rebuilds them; if it fails, see the log of the failed task. The"
                " last release stays published"
            ),
        )


def _refuse_if_held(run: Run) -> None:
    """A building may ask that nothing is published while one of its files is refused."""
    holding = {
        building.building_id
        for building in run.registry.active_buildings
        if building.on_refusal == "hold"
    }
    refused = [
        version
        for version in Ledger.read(run.settings.paths).refused()
        if version.building_id in holding
    ]
    refused = redact(refused, run.registry.restricted)
    if refused:
        raise ContractError(
            f"held back: {len(refused)} files are refused, the first is {refused[0].path}",
            where="on_refusal in buildings_config.csv",
            cure="cure the files (their pages are in quarantine/), or set on_refusal to publish",
        )
