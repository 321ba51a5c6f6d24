"""The small steps of `monitor_quality`; each calls one function of `include`."""

import logging
from collections import Counter

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from include.monitoring import health, report
from include.monitoring.rules import load_rules
from include.replication import state
from sensor_platform import channels
from sensor_platform.assets import READINGS
from sensor_platform.run_context import run_of

log = logging.getLogger(__name__)


@task(inlets=[READINGS])
def run_health_checks() -> dict[str, int]:
    """Run all checks over the floating window and write findings/health.json."""
    context = get_current_context()
    run, dag_run = run_of(context, READINGS), context["dag_run"]
    rules = load_rules(run.settings.seeds_dir)
    state.fetch_inputs(run.settings, health.inputs(run))
    found = health.look(run, rules, dag_run.run_after)
    look = health.Look(run.as_of, dag_run.run_id, dag_run.run_after)
    account = health.keep_account(run.settings, rules, found, look, unseen=run.registry.wrong)
    causes = [cause.redacted for cause in account]
    counts = Counter(f"{cause.severity} {cause.status}" for cause in causes)
    log.info(
        "health as of %s: %s",
        run.as_of.isoformat(),
        ", ".join(f"{kind}: {count}" for kind, count in sorted(counts.items())) or "no findings",
    )
    for cause in causes:
        if cause.status == "new":
            log.warning(
                "%s: %s, %s to %s: %s",
                cause.severity,
                cause.message,
                cause.since,
                cause.until,
                cause.evidence,
            )
    return dict(counts)


@task(inlets=[READINGS])
def notify_by_mail() -> int:
    """Errors at once, the rest as a digest once a day."""
    if channels.connection(channels.MAIL) is None:
        raise AirflowSkipException(f"no mail is sent: there is no connection {channels.MAIL}")
    run = run_of(get_current_context(), READINGS)
    if run.settings.replay:
        return 0
    causes = health.read_all_health(run.settings)
    people = {row.building_id: row.notify for row in run.registry.buildings if row.notify}
    return report.notify_by_mail(run.settings, causes, run.as_of, channels.send_mail, people)


@task(inlets=[READINGS])
def notify_by_issue() -> None:
    """One issue a cause, or one a building and day."""
    found = channels.connection(channels.ISSUES)
    if found is None:
        raise AirflowSkipException(
            f"no issues are written: there is no connection {channels.ISSUES}"
        )
    settings = run_of(get_current_context(), READINGS).settings
    if settings.replay:
        return
    per_day = found.extra_dejson.get("issues") == "day"
    if failed := report.notify_by_issue(
        settings, health.read_health(settings), channels.GithubIssues(), per_day=per_day
    ):
        raise AirflowException(
            "not reported, the next try or run reports it:\n" + "\n".join(failed)
        )
