"""What all DAGs have in common."""

from datetime import timedelta
from typing import Any

import pendulum

DAG_DEFAULTS: dict[str, Any] = {
    "start_date": pendulum.datetime(2024, 1, 1, tz="UTC"),
    "catchup": False,
    "max_active_runs": 1,
    "default_args": {"owner": "data-platform", "retries": 2, "retry_delay": timedelta(seconds=30)},
}
