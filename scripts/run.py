"""`make run`: all DAGs once, in the order of their assets, in this process."""

import argparse
import logging
import os
import shutil
import sys
import time
from graphlib import TopologicalSorter
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)  # not scripts/, whose files could shadow libraries

SAMPLE_AS_OF = "2026-03-01"


def prepare_environment() -> str | None:
    """Airflow without a server, and the sample building where no drive is configured. Returns the default AS_OF."""
    data_dir = Path(os.environ.get("DATA_DIR") or PROJECT / "data").resolve()
    os.environ.update(
        DATA_DIR=str(data_dir),
        AIRFLOW_HOME=str(data_dir / "airflow"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__DAGS_FOLDER=str(PROJECT / "dags"),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(PROJECT / "plugins"),
        AIRFLOW__CORE__DEFAULT_TASK_RETRIES="0",
        AIRFLOW__LOGGING__LOGGING_LEVEL=os.environ.get("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING"),
        AIRFLOW__COSMOS__ENABLE_TELEMETRY="False",
        AIRFLOW__COSMOS__CACHE_DIR=str(data_dir / "airflow/cosmos"),
        DO_NOT_TRACK="1",
        PYTHONPATH=str(PROJECT),
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )
    if any(name.startswith("RCLONE_CONFIG_SM2DRIVE_") for name in os.environ):
        return None
    drive = data_dir / "drive"
    if not (drive / "raw").exists():
        shutil.copytree(PROJECT / "include/sample_data/raw", drive / "raw")
    os.environ.update(RCLONE_CONFIG_SM2DRIVE_TYPE="alias", RCLONE_CONFIG_SM2DRIVE_REMOTE=str(drive))
    return SAMPLE_AS_OF


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--as-of", default=os.environ.get("AS_OF"), help="what 'now' means, such as 2026-03-01")
    arguments = parser.parse_args()
    sample_as_of = prepare_environment()
    as_of = arguments.as_of or sample_as_of

    from scripts.progress import Progress, summary

    progress = Progress()
    progress.step("starting Airflow")
    from airflow.utils.db import initdb

    initdb()
    from airflow.dag_processing.dagbag import DagBag

    logging.disable(logging.INFO)
    bag = DagBag(str(PROJECT / "dags"))
    if bag.import_errors or not bag.dags:
        for file, error in bag.import_errors.items():
            print(f"{file}\n{error}", file=sys.stderr)
        return 1
    for dag_id in in_asset_order(bag.dags):
        progress.step(dag_id)
        bag.dags[dag_id].test(run_conf={"as_of": as_of} if as_of else None)
    return summary(progress)

def in_asset_order(dags) -> list[str]:
    """The DAGs so that each comes after those whose assets it waits for."""
    makes = {outlet.name: dag_id for dag_id, dag in dags.items() for task in dag.tasks for outlet in task.outlets}
    needs = {dag_id: {makes[name] for name in asset_names(getattr(dag.timetable, "asset_condition", None)) if name in makes} for dag_id, dag in dags.items()}
    return list(TopologicalSorter(needs).static_order())


def asset_names(condition) -> set[str]:
    parts = [asset_names(part) for part in getattr(condition, "objects", ())]
    return set().union(*parts) | ({condition.name} if hasattr(condition, "name") else set())


if __name__ == "__main__":
    sys.exit(main())
