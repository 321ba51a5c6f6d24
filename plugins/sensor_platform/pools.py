"""The pool of those who write dbt's DuckDB file. A task whose pool is missing waits for ever and nobody is told: so Airflow's parts make it when they start."""

import contextlib
from typing import Any

from airflow.listeners import hookimpl
from sqlalchemy.exc import IntegrityError

from sensor_platform.dag_defaults import DUCKDB_WRITER


@hookimpl
def on_starting(component: Any) -> None:
    from airflow.jobs.job import Job
    from airflow.models.pool import Pool

    if isinstance(component, Job) and Pool.get_pool(DUCKDB_WRITER) is None:  # tasks start as well, and may not ask the database
        with contextlib.suppress(IntegrityError):  # another part was faster
            Pool.create_or_update_pool(DUCKDB_WRITER, slots=1, description="one writer of dbt's DuckDB file at a time", include_deferred=False)
