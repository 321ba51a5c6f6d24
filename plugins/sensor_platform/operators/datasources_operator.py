"""What the three steps of an ingest share: each does its work for some datasources, one by one."""

import traceback
from abc import abstractmethod
from collections.abc import Collection
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from include.core import files
from include.core.masking import mask
from include.core.settings import Settings
from include.ingest.due import why_not_due
from include.registry import Registry
from include.registry.rows import Datasource
from sensor_platform.run_context import as_of, building_of, platform


def write_down(error: Exception, datasource: Datasource) -> str:
    """Keep what happened to a restricted datasource in its quarantine; returns what may be said."""
    paths = Settings.from_environment().paths
    place = paths.quarantine / datasource.building_id / datasource.datasource_id / "error.txt"
    files.write_text(place, mask("".join(traceback.format_exception(error))))
    return f"{type(error).__name__}, see {place.relative_to(paths.root)} in DATA_DIR"


class DatasourcesOperator(BaseOperator):
    """One step for each of its datasources; trouble with one keeps no other back.

    Those that are not read in this run are left out; if none is left, the task is skipped. It fails
    in the end if a step has failed, and names each.
    """

    template_fields = ("datasource_ids",)

    def __init__(self, *, datasource_ids: Collection[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.datasource_ids = list(datasource_ids)

    def execute(self, context: Any) -> None:
        _, registry = platform()
        known = {row.datasource_id: row for row in registry.datasources}
        left_out, problems = [], []
        for datasource_id in self.datasource_ids:
            if (datasource := known.get(datasource_id)) is None:
                problems.append(f"{datasource_id} has no row in datasources_config.csv any more")
            elif why := self._why_left_out(context, registry, datasource):
                left_out.append(why)
            elif problem := self._problem(context, registry, datasource):
                problems.append(f"{datasource_id}: {problem}")
        if problems:
            raise AirflowException("\n".join(problems))
        if len(left_out) == len(self.datasource_ids):
            raise AirflowSkipException("\n".join(left_out))

    def _why_left_out(self, context: Any, registry: Registry, datasource: Datasource) -> str:
        """Why the step is not done for a datasource in this run; empty if it is."""
        building = registry.building(datasource.building_id)
        chosen = building_of(context, registry)
        if chosen and chosen != building.building_id:
            return f"{datasource.datasource_id}: this run reads {chosen} alone"
        if why := registry.why_not_read(datasource):
            return why
        waits = not chosen and why_not_due(Settings.from_environment(), building, as_of(context))
        return waits or self.why_not_yet(datasource)

    def _problem(self, context: Any, registry: Registry, datasource: Datasource) -> str:
        """Do the step; returns what kept it from being done, as everybody may read it."""
        try:
            self.step(context, registry, datasource)
        except Exception as error:
            if datasource.building_id in registry.restricted:
                return write_down(error, datasource)
            if len(self.datasource_ids) == 1:
                raise
            self.log.exception("%s", datasource.datasource_id)
            return str(error)
        return ""

    def why_not_yet(self, datasource: Datasource) -> str:  # for the steps after the first
        """Why the step cannot be done, since the one before it was not; empty if it can."""
        return ""

    @abstractmethod
    def step(self, context: Any, registry: Registry, datasource: Datasource) -> None:
        """Do the step for one datasource."""
