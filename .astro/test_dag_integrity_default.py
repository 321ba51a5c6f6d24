"""What `astro dev parse` runs in the image: every DAG can be imported, has tags, and its tasks are
tried again.

The template of the CLI calls `DagBag(include_examples=False)`, which Airflow 3.3 no longer takes.
"""

import os

import pytest
from airflow.dag_processing.dagbag import DagBag

os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
BAG = DagBag(os.environ.get("AIRFLOW__CORE__DAGS_FOLDER") or "dags")


def test_every_file_can_be_imported() -> None:
    assert BAG.import_errors == {}
    assert BAG.dags


@pytest.mark.parametrize("dag_id", sorted(BAG.dags))
def test_dag_has_tags_and_retries(dag_id: str) -> None:
    dag = BAG.dags[dag_id]
    assert dag.tags
    assert dag.default_args.get("retries", 0) >= 2
