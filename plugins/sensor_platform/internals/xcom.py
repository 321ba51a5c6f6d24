"""XComs of `make run`, without what nobody is there to read.

https://github.com/astronomer/astronomer-cosmos/blob/astronomer-cosmos-v1.15.1/cosmos/operators/_watcher:
the keys of what a build pushes.
"""

from typing import Any

from airflow.sdk.bases.xcom import BaseXCom

# Of a model: each event of its build, and its SQL (the runs of a scheduler show it). Of a build:
# how it begins.
UNREAD = ("_dbt_event", "_compiled_sql", "dbt_startup_events")


class HowItEnded(BaseXCom):
    """Cosmos reports dbt's progress with each model to Airflow, and reads it back: nearly half of
    all calls of a run.

    How a model ended is reported separately.
    """

    @classmethod
    def set(cls, key: str, value: Any, **place: Any) -> None:
        if not key.endswith(UNREAD):
            super().set(key, value, **place)

    @classmethod
    def get_all(cls, *, key: str, **place: Any) -> Any:
        return None if key.endswith(UNREAD) else super().get_all(key=key, **place)
