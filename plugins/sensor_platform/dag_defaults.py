"""What all DAGs have in common."""

from datetime import timedelta
from typing import Any

import pendulum

from sensor_platform.run_callbacks import notify_of_failed_run, record_good_run

DAG_DEFAULTS: dict[str, Any] = {
    "start_date": pendulum.datetime(2024, 1, 1, tz="UTC"),
    "catchup": False,
    "max_active_runs": 1,
    "on_success_callback": record_good_run,
    "on_failure_callback": notify_of_failed_run,
    "default_args": {"owner": "data-platform", "retries": 2, "retry_delay": timedelta(seconds=30)},
}
