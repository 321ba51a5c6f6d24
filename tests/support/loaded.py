"""Loads Airflow, its API, dbt and all DAGs when it is imported: processes forked from one that did begin to work at once."""

# ruff: noqa: F401  # imported for what they load
import gc

import cosmos.profiles
import dbt.adapters.duckdb.impl
import dbt.task.build
import pandas
from airflow.sdk.execution_time.supervisor import in_process_api_server

from tests.support.platform import runnable_dags

runnable_dags()
assert in_process_api_server().app  # half of the time until a first task runs
gc.freeze()
