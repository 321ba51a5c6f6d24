"""Cosmos' watcher and dbt's connections: one build for a group, and tasks that report on its
models.

https://github.com/astronomer/astronomer-cosmos/blob/astronomer-cosmos-v1.15.1/cosmos/operators/watcher.py:
the build is the task
`dbt_producer_watcher`; those that report on it have `producer_task_id`, and poll.
https://github.com/duckdb/dbt-duckdb/blob/1.11.1/dbt/adapters/duckdb/connections.py:
`DuckDBConnectionManager._ENV` holds the database.
"""

import sys
from typing import Any

from cosmos import DbtTaskGroup

from sensor_platform.internals import require_tried

BUILD = "dbt_producer_watcher"
SHOWN = ("model_unique_id", "compiled_sql")  # of a dozen fields; each costs milliseconds a task


def reports_of(tasks: Any) -> list[Any]:
    """The tasks that show how the build of their group fares, model by model."""
    return [task for task in tasks if hasattr(task, "producer_task_id")]


def let_the_build_come_first(group: DbtTaskGroup) -> Any:
    """Link the build of a group to its reports, and return it.

    Cosmos lets them poll, so a worker can wait for what never comes.

    `one_done`: a failed build is still reported model by model; one that never began (skipped, or
    something failed before it) has nothing to report, and its reports would wait for it for ever.
    """
    require_tried("astronomer-cosmos")
    require_tried("dbt-duckdb")  # `close_database`
    tasks: list[Any] = list(group.iter_tasks())
    build = next(task for task in tasks if task.task_id.endswith(BUILD))
    for report in reports_of(tasks):
        report.template_fields = SHOWN
        if not report.upstream_task_ids:
            build >> report
            report.trigger_rule = "one_done"
    return build


def as_if_for_the_first_time(context: Any) -> None:
    """When a group is cleared, Cosmos would skip the build and let each report run its model alone,
    without what that reads.
    """
    context["ti"] = context["ti"].model_copy(update={"try_number": 1})


def close_database(*_: Any, **__: Any) -> None:
    """The build is over, and dbt would keep its database in the memory of this process."""
    # absent if dbt failed before it needed one
    adapter = sys.modules.get("dbt.adapters.duckdb.connections")
    if adapter and (environment := adapter.DuckDBConnectionManager._ENV):
        environment.close()
        adapter.DuckDBConnectionManager.close_all_connections()
