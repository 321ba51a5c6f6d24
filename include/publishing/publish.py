"""The steps from archive to public dataset, as the DAG runs them."""

from datetime import datetime
from typing import Any

from include.publishing import release as releases
from include.publishing.archive import read_archive_manifest
from include.publishing.release import Release
from include.publishing.state import push
from include.publishing.upload import retire, upload
from include.registry import Registry
from include.settings import Settings


def is_published(settings: Settings, registry: Registry) -> bool:
    """Whether the last release was made from exactly what there is."""
    last = releases.latest(settings)
    return last is not None and last.made_from == releases.made_from(settings, registry)


def publish(settings: Settings, registry: Registry, as_of: datetime, run: dict[str, Any]) -> Release | None:
    """Build, audit and promote a release, save the state, upload. None if the tables are those of the last release.

    The upload is checked in any case: an earlier one may have been interrupted.
    """
    promoted = None
    if read_archive_manifest(settings) and not is_published(settings, registry):
        promoted = releases.promote(settings, releases.build(settings, registry, as_of, run))
    push(settings)
    last = releases.latest(settings)
    if last is not None and not settings.replay:
        uploaded = upload(settings, last)
        retire(settings)
        if uploaded and promoted is None:
            return last
    return promoted
