"""What one run goes by: where things are, what exists, and what "now" means."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from include.core.settings import Settings
from include.registry.registry import Registry
from include.registry.rows import Publication


@dataclass(frozen=True)
class Run:
    """What the months, the aggregates, the release and the findings of one run depend on, apart
    from the files.

    Each task and each command makes its own, since the seeds are read again; Airflow's own run
    is a `dag_run`. What needs only one of the three takes that one.

    Attributes:
        settings: where things are, and which engines compute. What builds or publishes takes those
            of a replay if a newer release exists (`include.release.release.settings_at`).
        registry: the checked seed rows.
        as_of: what "now" means, in a time zone: what came or began later does not count.
            `END_OF_TIME` counts all that was ever accepted.
    """

    settings: Settings
    registry: Registry
    as_of: datetime

    def only(self, building_ids: Collection[str]) -> "Run":
        """The same for these buildings, as if there were no others."""
        return replace(
            self,
            settings=self.settings.seeing(building_ids),
            registry=self.registry.of_all.only(building_ids),
        )

    @property
    def publication(self) -> Publication:
        """Whose releases the run makes or reads."""
        return self.registry.publication(self.settings.publication)
