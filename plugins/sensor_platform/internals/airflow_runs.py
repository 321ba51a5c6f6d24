"""Airflow's `dag.test`, for runs of a whole DAG in one process, without a server.

https://github.com/apache/airflow/blob/3.3.2/task-sdk/src/airflow/sdk/definitions/dag.py: `dag.test`
loads the DAGs again at each call, if there is a bundle that has some, and really waits between
tries.
https://github.com/apache/airflow/blob/3.3.2/airflow-core/src/airflow/dag_processing/dagbag.py:
`BundleDagBag`, `sync_bag_to_db`.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.configuration import conf
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.models.asset import AssetActive
from airflow.utils.session import create_session

from include.core.settings import PROJECT_DIR
from sensor_platform.internals import require_tried
from sensor_platform.internals.cosmos import reports_of

BUNDLE = "dags-folder"  # as Airflow calls the folder of DAGs


def load_dags() -> Any:
    """The DAGs as their files make them."""
    require_tried("apache-airflow")
    folder = PROJECT_DIR / "dags"
    return BundleDagBag(str(folder), bundle_path=folder, bundle_name=BUNDLE)


def register_dags(bag: Any) -> None:
    """Write the DAGs into Airflow's database, once, and leave `dag.test` no bundle that it could
    load again.
    """
    DagBundlesManager().sync_bundles_to_db()
    _retire_other_uris(bag)
    sync_bag_to_db(bag, BUNDLE, None)
    nothing = Path(os.environ["AIRFLOW_HOME"]) / "no_more_dags"
    nothing.mkdir(exist_ok=True)
    bundle = {
        "name": BUNDLE,
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(nothing)},
    }
    conf.set("dag_processor", "dag_bundle_config_list", json.dumps([bundle]))


def _retire_other_uris(bag: Any) -> None:
    """Deactivate assets that Airflow's database knows by the same name under another URI, such as
    one of an earlier version.

    Airflow activates one URI for each name, the first that it sees. A scheduler retires the old one
    by itself, `dag.test` does not.
    """
    uris = {
        asset.name: asset.uri
        for dag in bag.dags.values()
        for task in dag.tasks
        for asset in (*task.inlets, *task.outlets)
    }
    with create_session() as session:
        for active in session.query(AssetActive).filter(AssetActive.name.in_(uris)):
            if active.uri != uris[active.name]:
                session.delete(active)


def run_once(dag: Any, conf: Mapping[str, Any]) -> Any:
    """Run a DAG once, without the tasks that report on single models; returns Airflow's DagRun.

    Whoever runs one process sees an error at once and runs it again, so nothing is tried again.
    """
    reports = reports_of(dag.tasks)
    for task in dag.tasks:
        task.retries = 0
    for task in reports:
        task.trigger_rule = "all_success"  # after a build that failed nothing goes on
    names = sorted(re.escape(task.task_id) for task in reports)
    return dag.test(run_conf=dict(conf), mark_success_pattern="|".join(names) or None)
