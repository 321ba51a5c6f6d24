"""Parts of the dbt project as task groups: one dbt process for each group, shown model by model."""

import functools
import json
import sys
from pathlib import Path
from typing import Any

from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode, TestBehavior

from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR
from include.core.upstream import require_tried
from sensor_platform.links import DbtDocsLink

DBT_PROJECT = PROJECT_DIR / "include/dbt"
MANIFEST = PROJECT_DIR / ".dbt/manifest.json"
READINGS_MODELS = [
    "path:models/0_landing",
    "path:models/1_staging",
    "path:models/2_marts",
    "path:models/5_metrics",
]


def dbt_task_group(group_id: str, *, select: list[str]) -> DbtTaskGroup:
    """The selected models and their tests, in folders, built by one `dbt build`."""
    check_sources()
    require_tried("astronomer-cosmos")
    require_tried("dbt-duckdb")
    group = DbtTaskGroup(
        group_id=group_id,
        project_config=ProjectConfig(
            dbt_project_path=DBT_PROJECT,
            manifest_path=MANIFEST,
            project_name="sensor_platform",
            install_dbt_deps=False,
        ),
        profile_config=ProfileConfig(
            profile_name="sensor_platform",
            target_name="embedded",
            profiles_yml_filepath=DBT_PROJECT / "profiles.yml",
        ),
        execution_config=ExecutionConfig(
            execution_mode=ExecutionMode.WATCHER, invocation_mode=InvocationMode.DBT_RUNNER
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=select,
            emit_datasets=False,
            test_behavior=TestBehavior.AFTER_EACH,
            group_nodes_by_folder=True,
        ),
        operator_args={
            "retries": 0,
            "pre_execute": _as_if_for_the_first_time,
            "callback": _close_database,
            "dbt_cmd_flags": ["--exclude-resource-type", "unit_test"],
        },
    )
    producer = next(
        task for task in group.iter_tasks() if task.task_id.endswith("dbt_producer_watcher")
    )
    producer.trigger_rule = "none_failed"  # an engine before it may have been skipped
    producer.operator_extra_links = (DbtDocsLink(),)
    _let_the_build_come_first(group, producer)
    return group


@functools.cache
def check_sources() -> None:
    """Every model, test, macro and description that dbt has read is still there: the reports of one that is gone would wait for it."""
    if not MANIFEST.exists():
        raise ConfigurationError(
            "dbt's manifest is missing",
            where=str(MANIFEST),
            cure="make it with `make setup`; an image makes it in its Dockerfile",
        )
    manifest = json.loads(MANIFEST.read_bytes())
    own = [
        node
        for kind in ("nodes", "macros", "unit_tests")
        for node in manifest[kind].values()
        if node["package_name"] == "sensor_platform"
    ]
    described = [node["patch_path"].partition("://")[2] for node in own if node.get("patch_path")]
    for name in sorted(
        {
            "dbt_project.yml",
            "profiles.yml",
            *described,
            *(node["original_file_path"] for node in own),
        }
    ):
        if not (DBT_PROJECT / name).exists():
            cure = f"restore it from git; if it is meant to go, remove {MANIFEST.relative_to(PROJECT_DIR)} and `make setup`"
            raise ConfigurationError(
                f"{Path(name).name} is missing", where=str(DBT_PROJECT / name), cure=cure
            )


def _let_the_build_come_first(group: DbtTaskGroup, producer: Any) -> None:
    """Cosmos links the build to the tasks that report on it by polling only; with edges a worker never waits for it.

    `one_done`: a failed build is still reported model by model; one that never began (skipped, or something failed before
    it) has nothing to report, and its reports would wait for it for ever.
    """
    tasks: list[Any] = list(group.iter_tasks())
    for task in tasks:
        if not hasattr(task, "producer_task_id"):
            continue
        task.template_fields = (
            "model_unique_id",
            "compiled_sql",
        )  # of a dozen, those that are useful; each costs milliseconds
        if not task.upstream_task_ids:
            producer >> task
            task.trigger_rule = "one_done"


def _as_if_for_the_first_time(context: Any) -> None:
    """When a group is cleared, Cosmos would skip the build and let each report run its model alone, without what that reads."""
    context["ti"] = context["ti"].model_copy(update={"try_number": 1})


def _close_database(*_: Any, **__: Any) -> None:
    """The build is over, and dbt would keep its database in the memory of this process."""
    adapter = sys.modules.get(
        "dbt.adapters.duckdb.connections"
    )  # absent if dbt failed before it needed one
    if adapter and (environment := adapter.DuckDBConnectionManager._ENV):
        environment.close()
        adapter.DuckDBConnectionManager.close_all_connections()
