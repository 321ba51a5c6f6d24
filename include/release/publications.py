"""What is published together: each publication is a run that sees its buildings and no others.

So nothing of other buildings can reach its tables, documents or history.
"""

from collections.abc import Callable
from dataclasses import replace

from include.core.paths import DEFAULT_PUBLICATION
from include.registry import Run
from include.registry.rows import Publication


def publication_run(run: Run, publication: Publication) -> Run:
    """The run of a publication: its buildings, its releases, its place."""
    own = run.only(run.registry.of_all.buildings_of(publication))
    settings = replace(
        own.settings,
        publication=publication.publication_id,
        publish_remote=run.registry.place_of(publication, run.settings.publish_remote),
    )
    return replace(own, settings=settings)


def publication_runs(run: Run) -> list[Run]:
    """Those of the active publications of which this run sees every building, the default one
    first; without the grouped ones.

    A run of one building makes no release that holds others: they may have changed as well, and to
    read them all costs as much as a run of all.
    """
    return _runs(run, lambda row: row.access != "grouped")


def grouped_runs(run: Run) -> list[Run]:
    """The same of the grouped ones, which are made from the releases of the others."""
    return _runs(run, lambda row: row.access == "grouped")


def _runs(run: Run, is_wanted: Callable[[Publication], bool]) -> list[Run]:
    rows = [row for row in run.registry.publications if row.status == "active" and is_wanted(row)]
    runs = [publication_run(run, row) for row in rows]
    seen = [own for own in runs if all(map(run.settings.paths.sees, own.settings.buildings or ()))]
    return sorted(seen, key=lambda own: own.settings.publication != DEFAULT_PUBLICATION)
