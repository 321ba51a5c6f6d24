"""The steps from archive to public dataset, as the DAG runs them."""

from typing import Any

from include.core.errors import ContractError
from include.hierarchy import hierarchy
from include.ledger.ledger import Ledger
from include.registry import Run
from include.release import hand_over
from include.release import release as releases
from include.release.release import Release
from include.release.upload import retire, upload
from include.replication.state import push
from include.store.readings import dimensions_are_current
from include.store.store import Store


def is_published(run: Run) -> bool:
    """Whether the last release was made from exactly what there is."""
    last = releases.latest(run.settings)
    return last is not None and last.made_from == releases.made_from(run)


def publish(run: Run, made_by: dict[str, Any]) -> Release | None:
    """Build, audit and promote a release, save the state, upload.

    None if the tables are those of the last release.

    The upload is checked in any case: an earlier one may have been interrupted. `made_by`: see
    `release.build`.
    """
    promoted = None
    _refuse_if_held(run)
    if Store(run.settings).archive_manifest and not is_published(run):
        _refuse_if_older_than_seeds(run)
        hierarchy.ensure(run.settings, run.registry)
        promoted = releases.promote(run.settings, releases.build(run, made_by))
    push(run.settings)
    last = releases.latest(run.settings)
    if last is not None and not run.settings.replay:
        uploaded = upload(run.settings, last)
        hand_over.offer(run, last)
        retire(run.settings)
        if uploaded and promoted is None:
            return last
    return promoted


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
    if refused:
        raise ContractError(
            f"held back: {len(refused)} files are refused, the first is {refused[0].path}",
            where="on_refusal in buildings_config.csv",
            cure="cure the files (their pages are in quarantine/), or set on_refusal to publish",
        )
