"""The steps from archive to public dataset, as the DAG runs them."""

from datetime import datetime
from typing import Any

from include.core.errors import ContractError
from include.core.settings import Settings
from include.hierarchy import hierarchy
from include.ledger.ledger import Ledger
from include.registry import Registry
from include.release import release as releases
from include.release.release import Release
from include.release.upload import retire, upload
from include.replication.state import push
from include.store.archive import read_archive_manifest
from include.store.readings import dimensions_are_current


def is_published(settings: Settings, registry: Registry) -> bool:
    """Whether the last release was made from exactly what there is."""
    last = releases.latest(settings)
    return last is not None and last.made_from == releases.made_from(settings, registry)


def publish(
    settings: Settings, registry: Registry, as_of: datetime, run: dict[str, Any]
) -> Release | None:
    """Build, audit and promote a release, save the state, upload. None if the tables are those of the last release.

    The upload is checked in any case: an earlier one may have been interrupted.
    """
    promoted = None
    _refuse_if_held(settings, registry)
    if read_archive_manifest(settings) and not is_published(settings, registry):
        _refuse_if_older_than_seeds(settings, registry)
        hierarchy.ensure(settings, registry)
        promoted = releases.promote(settings, releases.build(settings, registry, as_of, run))
    push(settings)
    last = releases.latest(settings)
    if last is not None and not settings.replay:
        uploaded = upload(settings, last)
        retire(settings)
        if uploaded and promoted is None:
            return last
    return promoted


def _refuse_if_older_than_seeds(settings: Settings, registry: Registry) -> None:
    """Readings and dimensions of one release are made from the same seeds."""
    if not dimensions_are_current(settings, registry):
        raise ContractError(
            "the dimensions were built from other seeds (fingerprint mismatch)",
            where=str(settings.paths.dimensions),
            cure="run refresh, which rebuilds them; if it fails, see the log of the failed task. The last release stays published",
        )


def _refuse_if_held(settings: Settings, registry: Registry) -> None:
    """A building may ask that nothing is published while one of its files is refused."""
    holding = {
        building.building_id
        for building in registry.active_buildings
        if building.on_refusal == "hold"
    }
    refused = [
        version
        for version in Ledger.read(settings.paths.ledger).refused()
        if version.building_id in holding
    ]
    if refused:
        raise ContractError(
            f"held back: {len(refused)} files are refused, the first is {refused[0].path}",
            where="on_refusal in buildings_config.csv",
            cure="cure the files (their pages are in quarantine/), or set on_refusal to publish",
        )
