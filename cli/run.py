"""`make run`: all DAGs with a trigger once, in asset order, in this process, without a server."""

import argparse
import contextlib
import errno
import gc
import json
import os
import sys
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)  # not cli/, whose files could shadow libraries

from cli.environment import prepare_environment, private_files  # noqa: E402

UNUSABLE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)


def main() -> int:
    """`run`; says what to do where the disk cannot be used. Returns the exit code."""
    try:
        return run()
    except OSError as error:
        if error.errno not in UNUSABLE_DISK:
            raise
        print(
            f"{error.strerror}\n  where: {error.filename or os.environ.get('DATA_DIR', '')}\n  what"
            " to do: make room, give write access, or set another DATA_DIR; then run again:"
            " nothing is half written",
            file=sys.stderr,
        )
        return 1


def run() -> int:
    """Run all DAGs and print the summary. Returns the exit code."""
    # Airflow loads much and drops little of it: to look for garbage took a tenth of a short run.
    # Cosmos does so after each build
    gc.disable()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--as-of",
        help=(
            "what 'now' means, such as 2026-03-01; default: AS_OF, else the date of the sample,"
            " else the time of the run"
        ),
    )
    parser.add_argument(
        "--no-sample",
        action="store_true",
        help="do not use the sample: fail if no drive is configured",
    )
    parser.add_argument("--building", help="read and publish this building alone; default: all")
    parser.add_argument(
        "--dag",
        metavar="DAG",
        help="run this one alone, also one that has no trigger, such as erase",
    )
    parser.add_argument(
        "--param",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter of --dag, such as place=sm2.1NP; the value is JSON or text",
    )
    chosen = parser.parse_args()
    if chosen.as_of:
        os.environ["AS_OF"] = chosen.as_of
    os.environ.setdefault(
        "AIRFLOW__CORE__XCOM_BACKEND", "sensor_platform.internals.xcom.HowItEnded"
    )
    prepare_environment(PROJECT, may_use_sample=not chosen.no_sample)

    from rich.console import Console

    from include.core import files
    from include.core.clock import END_OF_TIME, check_clock, checked_as_of
    from include.core.errors import PlatformError
    from include.core.settings import Settings
    from include.engines.registry import check_engines
    from include.registry import Run, registry_of
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
        registry = registry_of(settings)
        now = checked_as_of(settings.as_of) if settings.as_of else END_OF_TIME
        with files.locked(settings.data_dir / ".run.lock", "make run"):
            this = Run(settings, registry, now)
            if chosen.building:
                registry.check_building(chosen.building)
                this = this.only([chosen.building])
            before = releases.versions(settings)
            log = settings.data_dir / "airflow" / "run.log"
            with _output_to(log):
                given = {"as_of": settings.as_of, "building": chosen.building}
                conf = {name: text for name, text in given.items() if text}
                failed = run_dags(console, conf | _params(chosen.param), chosen.dag)
            if failed:
                console.print(failed, style="red", markup=False)
                return 1
            if chosen.dag:
                console.print(f"Log       {log}", markup=False)
                return 0
            from cli.summary import summary

            return summary(console, this, before, str(log))
    except PlatformError as error:
        console.print(str(error), style="red", markup=False)
        return 1


def _params(given: list[str]) -> dict[str, Any]:
    """The parameters of a DAG, as its form in Airflow gives them."""
    found = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _cannot_run(dags: Mapping[str, Any], dag_id: str, conf: dict[str, Any]) -> str:
    """Why a DAG cannot be run by itself; empty if it can."""
    if dag_id not in dags:
        return f"there is no DAG {dag_id!r}: name one of {', '.join(sorted(dags))}"
    unknown = sorted(conf.keys() - set(dags[dag_id].params) - {"as_of", "building"})
    known = ", ".join(sorted(dags[dag_id].params)) or "none"
    return f"{dag_id} has no parameter {unknown[0]!r}; it has: {known}" if unknown else ""


def run_dags(console: Any, conf: dict[str, Any], only: str = "") -> str:
    """Run every DAG after those whose assets it waits for, or one alone; says what is wrong if they
    cannot be run at all, or that one has failed.
    """
    console.print("[dim]starting Airflow …[/]")
    from airflow.utils.db import initdb

    with private_files():
        initdb()
    from airflow.sdk.listener import get_listener_manager

    from cli.progress import Progress
    from sensor_platform.internals.airflow_runs import load_dags, register_dags, run_once
    from sensor_platform.internals.cosmos import reports_of

    bag = load_dags()
    if bag.import_errors or not bag.dags:
        return (
            "\n".join(f"{file}: {error}" for file, error in bag.import_errors.items())
            or "no DAG found"
        )
    register_dags(bag)
    if only and (wrong := _cannot_run(bag.dags, only, conf)):
        return wrong
    progress = Progress(console)
    get_listener_manager().add_listener(progress)
    unchanged: set[str] = set()
    for dag_id in [only] if only else in_asset_order(bag.dags):
        dag = bag.dags[dag_id]
        if not only and (waits := waits_for(dag)) and waits <= unchanged:
            continue
        # Cosmos collects garbage after each build; what Airflow and dbt have loaded by now is none
        gc.freeze()
        progress.begin(dag, {task.task_id for task in reports_of(dag.tasks)})
        done = run_once(dag, {name: conf[name] for name in conf if name in dag.params})
        unchanged |= assets_left_alone(dag, done)
        if only and done.state != "success":
            return f"{only} has failed: the red task above says why"
    gc.unfreeze()
    return ""


def in_asset_order(dags: Mapping[str, Any]) -> list[str]:
    """The DAGs that run by themselves, so that each comes after those whose assets it waits for, or
    reads.
    """
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
    """The names of the assets that trigger a DAG."""
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
