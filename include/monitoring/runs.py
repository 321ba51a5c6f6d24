"""Findings about runs (failed, overdue, slow) and the disk.

Each DAG has a page in findings/runs/.
"""

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from include.core import files
from include.core.settings import Settings
from include.monitoring.causes import Cause, named
from include.monitoring.rules import Rules

REMEMBERED = 20
# These run on a clock schedule: alert when overdue.
DAILY = ("refresh",)


@dataclass(frozen=True)
class RunPage:
    """The last run of a DAG, when it last ended well, and how long its good runs took."""

    dag_id: str
    state: str
    started: str
    reason: str
    succeeded: str = ""
    seconds: tuple[float, ...] = ()


def record_run(
    settings: Settings, dag_id: str, state: str, started: datetime, ended: datetime, reason: str
) -> RunPage:
    """Write down how a run ended."""
    before = read_page(settings, dag_id)
    good = state == "success"
    page = RunPage(
        dag_id=dag_id,
        state=state,
        started=started.isoformat(),
        reason=reason,
        succeeded=ended.isoformat() if good else before.succeeded if before else "",
        seconds=(
            *(before.seconds if before else ()),
            *((round((ended - started).total_seconds(), 1),) if good else ()),
        )[-REMEMBERED:],
    )
    files.write_json(_page(settings, dag_id), asdict(page))
    return page


def read_page(settings: Settings, dag_id: str) -> RunPage | None:
    """What the last run of a DAG left; None if there was none."""
    row = files.read_or(_page(settings, dag_id), None)
    return row and RunPage(**{**row, "seconds": tuple(row["seconds"])})


def read_pages(settings: Settings) -> list[RunPage]:
    """Of every DAG that has ended once, by name."""
    return [
        page
        for path in sorted(_page(settings, "x").parent.glob("*.json"))
        if (page := read_page(settings, path.stem))
    ]


def causes_in_runs(settings: Settings, rules: Rules, now: datetime) -> list[Cause]:
    """`now` is the wall clock of Airflow's run, not `as_of`: a replay of an old day is on time."""
    pages = read_pages(settings)
    return [
        named(cause, rules)
        for cause in (
            *(c for page in pages for c in _of(page, rules, now)),
            *_fallbacks(settings, now),
            *_disk(settings, rules, now),
        )
    ]


def _of(page: RunPage, rules: Rules, now: datetime) -> Iterator[Cause]:
    started = datetime.fromisoformat(page.started)
    if page.state == "failed":
        yield Cause("run_failed", "error", started, now, page.reason, key=page.dag_id)
    late = timedelta(hours=rules.parameters["run_overdue_hours"])
    if (
        page.dag_id in DAILY
        and page.succeeded
        and now - (last := datetime.fromisoformat(page.succeeded)) > late
    ):
        yield Cause(
            "run_overdue",
            "error",
            last,
            now,
            f"the last good run ended {last:%Y-%m-%d %H:%M} UTC",
            key=page.dag_id,
        )
    *before, last_seconds = page.seconds or (0.0,)
    if len(before) >= rules.parameters["run_slow_min_runs"]:
        limit = max(
            rules.parameters["run_slow_min_seconds"],
            rules.parameters["run_slow_times_usual"] * median(before),
        )
        if last_seconds > limit:
            yield Cause(
                "run_slow",
                "warning",
                started,
                now,
                f"{last_seconds:.0f} s, usually {median(before):.0f} s",
                key=page.dag_id,
            )


def _fallbacks(settings: Settings, now: datetime) -> Iterator[Cause]:
    """An engine that was requested and unavailable; reported until it works again."""
    for role in ("timeseries_engine", "graph_engine"):
        if fallback := files.read_or(settings.paths.findings / f"{role}.json", None):
            yield Cause("engine_fallback", "warning", now, now, fallback["message"], key=role)


def _disk(settings: Settings, rules: Rules, now: datetime) -> Iterator[Cause]:
    usage = shutil.disk_usage(settings.data_dir)
    free = 100 * usage.free / usage.total
    if free < rules.parameters["disk_filling_min_free_pct"]:
        severe = free < rules.parameters["disk_filling_error_free_pct"]
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        evidence = f"{usage.free / 2**30:,.1f} GiB are free, {free:.1f} %"
        yield Cause(
            "disk_filling",
            "error" if severe else "warning",
            day,
            now,
            evidence,
            key=str(settings.data_dir),
        )


def _page(settings: Settings, dag_id: str) -> Path:
    return settings.paths.findings / "runs" / f"{dag_id}.json"
