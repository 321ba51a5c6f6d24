"""What the three steps of an ingest share: each does its work for some datasources, one by one."""

from abc import abstractmethod
from collections.abc import Collection
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from include.registry import Registry
from include.registry.rows import Datasource
from sensor_platform.run_context import building_of, platform


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
        chosen = building_of(context, registry)
        left_out, problems = [], []
        for datasource_id in self.datasource_ids:
            try:
                datasource = registry.datasource(datasource_id)
                if chosen not in ("", datasource.building_id):
                    left_out.append(f"{datasource_id}: this run reads {chosen} alone")
                    continue
                if why := registry.why_not_read(datasource) or self.why_not_yet(datasource):
                    left_out.append(why)
                    continue
                self.step(context, registry, datasource)
            except Exception as error:
                if len(self.datasource_ids) == 1:
                    raise
                self.log.exception("%s", datasource_id)
                problems.append(f"{datasource_id}: {error}")
        if problems:
            raise AirflowException("\n".join(problems))
        if len(left_out) == len(self.datasource_ids):
            raise AirflowSkipException("\n".join(left_out))

    def why_not_yet(self, datasource: Datasource) -> str:  # for the steps after the first
        """Why the step cannot be done, since the one before it was not; empty if it can."""
        return ""

    @abstractmethod
    def step(self, context: Any, registry: Registry, datasource: Datasource) -> None:
        """Do the step for one datasource."""
