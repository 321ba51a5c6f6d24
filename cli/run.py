"""`make run`: all DAGs with a trigger once, in asset order, in this process, without a server."""

import argparse
import contextlib
import errno
import gc
import json
import os
import re
import sys
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)  # not cli/, whose files could shadow libraries

from cli.environment import prepare_environment, private_files  # noqa: E402

BUNDLE = "dags-folder"  # as Airflow calls the folder of DAGs


UNUSABLE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)


def main() -> int:
    try:
        return run()
    except OSError as error:
        if error.errno not in UNUSABLE_DISK:
            raise
        print(
            f"{error.strerror}\n  where: {error.filename or os.environ.get('DATA_DIR', '')}\n"
            "  what to do: make room, give write access, or set another DATA_DIR; then run again: nothing is half written",
            file=sys.stderr,
        )
        return 1


def run() -> int:
    gc.disable()  # Airflow loads much and drops little of it: to look for garbage took a tenth of a short run. Cosmos does so after each build
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--as-of",
        help="what 'now' means, such as 2026-03-01; default: AS_OF, else the date of the sample, else the time of the run",
    )
    parser.add_argument(
        "--no-sample",
        action="store_true",
        help="do not use the sample: fail if no drive is configured",
    )
    chosen = parser.parse_args()
    if chosen.as_of:
        os.environ["AS_OF"] = chosen.as_of
    os.environ.setdefault("AIRFLOW__CORE__XCOM_BACKEND", "cli.xcom.HowItEnded")
    prepare_environment(PROJECT, may_use_sample=not chosen.no_sample)

    from rich.console import Console

    from include.core import files
    from include.core.clock import END_OF_TIME, check_clock, checked_as_of
    from include.core.errors import PlatformError
    from include.core.settings import Settings
    from include.engines.registry import check_engines
    from include.registry import Run, load_registry
    from include.release import release as releases
    from include.replication.remotes import check_remotes

    console = Console(
        file=os.fdopen(os.dup(sys.stdout.fileno()), "w"), highlight=False, soft_wrap=True
    )
    try:
        check_clock()
        settings = Settings.from_environment()
        check_engines(settings)
        check_remotes(settings)
        registry = load_registry(settings.seeds_dir)
        now = checked_as_of(settings.as_of) if settings.as_of else END_OF_TIME
        with files.locked(settings.data_dir / ".run.lock", "make run"):
            before = releases.latest(settings)
            log = settings.data_dir / "airflow" / "run.log"
            with _output_to(log):
                failed = run_dags(console, {"as_of": settings.as_of} if settings.as_of else {})
            if failed:
                console.print(failed, style="red", markup=False)
                return 1
            from cli.summary import summary

            return summary(
                console,
                Run(settings, registry, now),
                before.version if before else None,
                str(log),
            )
    except PlatformError as error:
        console.print(str(error), style="red", markup=False)
        return 1


def run_dags(console: Any, conf: dict[str, str]) -> str:
    """Run every DAG after those whose assets it waits for; says what is wrong if they cannot be run at all."""
    console.print("[dim]starting Airflow …[/]")
    from airflow.utils.db import initdb

    with private_files():
        initdb()
    from airflow.sdk.listener import get_listener_manager

    from cli.progress import Progress
    from include.core.upstream import require_tried

    require_tried("apache-airflow")
    bag = load_dags()
    if bag.import_errors or not bag.dags:
        return (
            "\n".join(f"{file}: {error}" for file, error in bag.import_errors.items())
            or "no DAG found"
        )
    register_dags(bag)
    progress = Progress(console)
    get_listener_manager().add_listener(progress)
    unchanged: set[str] = set()
    for dag_id in in_asset_order(bag.dags):
        dag = bag.dags[dag_id]
        if (waits := waits_for(dag)) and waits <= unchanged:
            continue
        gc.freeze()  # Cosmos collects garbage after each build; what Airflow and dbt have loaded by now is none
        progress.begin(dag, reports_of(dag))
        unchanged |= assets_left_alone(dag, run_once(dag, conf))
    gc.unfreeze()
    return ""


def load_dags() -> Any:
    from airflow.dag_processing.dagbag import BundleDagBag

    return BundleDagBag(str(PROJECT / "dags"), bundle_path=PROJECT / "dags", bundle_name=BUNDLE)


def register_dags(bag: Any) -> None:
    """Write the DAGs into Airflow's database, once: `dag.test` would read all files and do so at every call, if it found any."""
    from airflow.configuration import conf
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()
    retire_other_uris(bag)
    sync_bag_to_db(bag, BUNDLE, None)
    nothing = Path(os.environ["AIRFLOW_HOME"]) / "no_more_dags"
    nothing.mkdir(exist_ok=True)
    bundle = {
        "name": BUNDLE,
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(nothing)},
    }
    conf.set("dag_processor", "dag_bundle_config_list", json.dumps([bundle]))


def retire_other_uris(bag: Any) -> None:
    """Deactivate assets that Airflow's database knows by the same name under another URI, such as one of an earlier version.

    Airflow activates one URI for each name, the first that it sees. A scheduler retires the old one by itself, `dag.test` does not.
    """
    from airflow.models.asset import AssetActive
    from airflow.utils.session import create_session

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

    `dag.test` really waits between tries; whoever runs one process sees the error at once and runs it again.
    """
    reports = reports_of(dag)
    for task in dag.tasks:
        task.retries = 0
        if task.task_id in reports:
            task.trigger_rule = "all_success"  # after a build that failed nothing goes on
    return dag.test(
        run_conf=dict(conf),
        mark_success_pattern="|".join(map(re.escape, sorted(reports))) or None,
    )


def reports_of(dag: Any) -> set[str]:
    """The tasks that show in Airflow's grid how the build of their group fares; here nobody looks, and they were half of a short run."""
    return {task.task_id for task in dag.tasks if hasattr(task, "producer_task_id")}


def in_asset_order(dags: Mapping[str, Any]) -> list[str]:
    """The DAGs that run by themselves, so that each comes after those whose assets it waits for, or reads."""
    dags = {dag_id: dag for dag_id, dag in dags.items() if dag.schedule is not None}
    makes = {
        outlet.name: dag_id
        for dag_id, dag in dags.items()
        for task in dag.tasks
        for outlet in task.outlets
    }
    waits = {dag_id: waits_for(dag) for dag_id, dag in dags.items()}
    reads = {
        dag_id: {inlet.name for task in dag.tasks for inlet in task.inlets}
        for dag_id, dag in dags.items()
    }
    makers = {
        dag_id: {makes[name] for name in waits[dag_id] | reads[dag_id] if name in makes}
        for dag_id in dags
    }
    return list(TopologicalSorter(makers).static_order())


def assets_left_alone(dag: Any, run: Any) -> set[str]:
    """The assets whose tasks were skipped, since nothing had changed."""
    states = {instance.task_id: instance.state for instance in run.get_task_instances()}
    return {
        outlet.name
        for task in dag.tasks
        for outlet in task.outlets
        if states[task.task_id] == "skipped"
    }


def waits_for(dag: Any) -> set[str]:
    return asset_names(getattr(dag.timetable, "asset_condition", None))


def asset_names(condition: Any) -> set[str]:
    """All assets in a condition, however it is nested."""
    parts = [asset_names(part) for part in getattr(condition, "objects", ())]
    return set().union(*parts) | ({condition.name} if hasattr(condition, "name") else set())


@contextlib.contextmanager
def _output_to(log: Path) -> Any:
    """Send what Airflow and dbt print to a file; the console keeps its own copy of the terminal."""
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)


if __name__ == "__main__":
    sys.exit(main())
