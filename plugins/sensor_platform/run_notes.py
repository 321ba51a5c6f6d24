"""A note on each run that sums it up.

An Airflow listener: it runs where the run's state is written.
"""

from typing import Any

from airflow.listeners import hookimpl
from sqlalchemy.orm import object_session

from include.core.settings import Settings
from include.serving.run_note import run_note

LONGEST = 1000  # characters that Airflow keeps


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """Airflow calls it for every run that succeeded."""
    _annotate(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """Airflow calls it for every run that failed."""
    _annotate(dag_run)


def _annotate(dag_run: Any) -> None:
    if object_session(dag_run) is None:
        return  # `dag.test` hands over a copy: `make run` says all this itself
    if note := run_note(Settings.from_environment(), dag_run.dag_id):
        dag_run.note = note[:LONGEST]
