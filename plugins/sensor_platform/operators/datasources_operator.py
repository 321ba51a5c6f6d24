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
from include.ingest.due import left_out
from include.registry import Run
from include.registry.rows import Datasource
from sensor_platform.run_context import building_of, whole_run


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
        run = whole_run(context)
        known = {row.datasource_id: row for row in run.registry.datasources}
        not_read = left_out(run, building_of(context, run.registry))
        skipped, problems = [], []
        for datasource_id in self.datasource_ids:
            if (datasource := known.get(datasource_id)) is None:
                problems.append(f"{datasource_id} has no row in datasources_config.csv any more")
            elif why := not_read.get(datasource_id) or run.registry.why_not_read(datasource):
                skipped.append(why)
            else:
                why, problem = self._try(context, run, datasource)
                skipped += [why] if why else []
                problems += [f"{datasource_id}: {problem}"] if problem else []
        if problems:
            raise AirflowException("\n".join(problems))
        if len(skipped) == len(self.datasource_ids):
            raise AirflowSkipException("\n".join(skipped))

    def _try(self, context: Any, run: Run, datasource: Datasource) -> tuple[str, str]:
        """Do the step; returns why it is not done yet, and what failed, fit for everybody."""
        try:
            if why := self.why_not_yet(datasource):
                return why, ""
            self.step(context, run, datasource)
        except Exception as error:
            if datasource.building_id in run.registry.restricted:
                return "", write_down(error, datasource)
            if len(self.datasource_ids) == 1:
                raise
            self.log.exception("%s", datasource.datasource_id)
            return "", str(error)
        return "", ""

    def why_not_yet(self, datasource: Datasource) -> str:  # for the steps after the first
        """Why the step cannot be done, since the one before it was not; empty if it can."""
        return ""

    @abstractmethod
    def step(self, context: Any, run: Run, datasource: Datasource) -> None:
        """Do the step for one datasource; `run` is that of all buildings."""
