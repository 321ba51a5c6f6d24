"""Record how a run ended and, if it failed, notify people by the channels of `monitor_quality`.

Functions, not a `BaseNotifier`: that one cannot be called by `dag.test` (Airflow 3.3.2 renders its
templates with a DAG that has none).
"""

from dataclasses import replace
from typing import Any

from include.core.settings import Settings
from include.monitoring import report, runs
from include.monitoring.causes import Cause, named
from include.monitoring.rules import load_rules
from sensor_platform import channels


def record_good_run(context: Any) -> None:
    """For `on_success_callback` of every DAG."""
    _record(context, "success")


def notify_of_failed_run(context: Any) -> None:
    """For `on_failure_callback` of every DAG: what failed is mailed at once; `monitor_quality`
    keeps it in its account.
    """
    page, run = _record(context, "failed"), context["dag_run"]
    settings = Settings.from_environment()
    cause = Cause(
        "run_failed", "error", run.start_date, run.run_after, page.reason, key=page.dag_id
    )
    if channels.connection(channels.MAIL):
        failed = replace(named(cause, load_rules(settings.seeds_dir)), found=run.run_after)
        report.notify_by_mail(settings, [failed], run.run_after, channels.send_mail)


def _record(context: Any, state: str) -> runs.RunPage:
    run = context["dag_run"]
    reason = str(context.get("reason") or "")
    return runs.record_run(
        Settings.from_environment(),
        run.dag_id,
        state,
        run.start_date,
        run.end_date or run.start_date,
        reason,
    )
