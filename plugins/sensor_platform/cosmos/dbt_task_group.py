"""Parts of the dbt project as task groups: one dbt process for each group, shown model by model."""

import functools
import json
from pathlib import Path

from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import ExecutionMode, InvocationMode, LoadMode, TestBehavior

from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR
from include.registry import Registry
from sensor_platform.internals.cosmos import (
    as_if_for_the_first_time,
    close_database,
    let_the_build_come_first,
)
from sensor_platform.links import DbtDocsLink

DBT_PROJECT = PROJECT_DIR / "include/dbt"
MANIFEST = PROJECT_DIR / ".dbt/manifest.json"
READINGS_MODELS = [
    "path:models/0_landing",
    "path:models/1_staging",
    "path:models/2_marts",
    "path:models/5_metrics",
]
FACT_MODELS = ["path:models/4_facts"]


def models_of_readings(registry: Registry) -> list[str]:
    """What is made with the readings; facts only where a building has some."""
    makes_facts = any(registry.makes_facts(row.building_id) for row in registry.buildings)
    return [*READINGS_MODELS, *(FACT_MODELS if makes_facts else ())]


def dbt_task_group(group_id: str, *, select: list[str]) -> DbtTaskGroup:
    """The selected models and their tests, in folders, built by one `dbt build`."""
    check_sources()
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
            "pre_execute": as_if_for_the_first_time,
            "callback": close_database,
            "dbt_cmd_flags": ["--exclude-resource-type", "unit_test"],
        },
    )
    build = let_the_build_come_first(group)
    build.trigger_rule = "none_failed"  # an engine before it may have been skipped
    build.operator_extra_links = (DbtDocsLink(),)
    return group


@functools.cache
def check_sources() -> None:
    """Every model, test, macro and description that dbt has read is still there: the reports of one
    that is gone would wait for it.
    """
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
            cure = (
                "restore it from git; if it is meant to go, remove"
                f" {MANIFEST.relative_to(PROJECT_DIR)} and `make setup`"
            )
            raise ConfigurationError(
                f"{Path(name).name} is missing", where=str(DBT_PROJECT / name), cure=cure
            )
