"""The health of the data: findings/health.json records each problem, since when, and what to do."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from include.core import files
from include.core.calendar import day_start, month_start, next_month
from include.core.settings import Settings
from include.monitoring.causes import Cause, account, causes_of, named
from include.monitoring.checks import examine
from include.monitoring.files import causes_in_files, healed_files
from include.monitoring.registers import causes_in_registers
from include.monitoring.rules import Rules
from include.monitoring.runs import causes_in_runs
from include.planning.plan import floating_window
from include.registry import Run
from include.registry.rows import Building
from include.store.readings import READINGS
from include.store.store import Store


@dataclass(frozen=True)
class Look:
    """When the incidents were looked for: as of when, and in which run of `monitor_quality`, at
    what time.
    """

    as_of: datetime
    run_id: str
    at: datetime

    def to_json(self) -> dict[str, str]:
        """As written to health.json."""
        return {"as_of": self.as_of.isoformat(), "run_id": self.run_id, "at": self.at.isoformat()}


def health_file(settings: Settings) -> Path:
    """Where the incidents are kept."""
    return settings.paths.findings / "health.json"


def read_health(settings: Settings) -> list[Cause]:
    """The incidents of the last run, as everybody may see them; none if there was none."""
    return [cause.redacted for cause in read_all_health(settings)]


def read_all_health(settings: Settings) -> list[Cause]:
    """The same with all that is known of restricted buildings, for the people of these alone."""
    return [
        Cause.from_json(row)
        for row in files.read_or(health_file(settings), {"causes": []})["causes"]
    ]


def read_look(settings: Settings) -> Look | None:
    """None if nobody has looked yet."""
    row = files.read_or(health_file(settings), {})
    return (
        Look(datetime.fromisoformat(row["as_of"]), row["run_id"], datetime.fromisoformat(row["at"]))
        if "run_id" in row
        else None
    )


def watched_months(settings: Settings, building: Building, as_of: datetime) -> list[str]:
    """The months of the floating window that have readings, and the one before, so that what is
    usual is known from the start.

    If there is none, the newest month that has readings: a dead building is watched too. What
    monitoring costs does not grow with history.
    """
    window = floating_window(building, as_of)
    first, current = next_month(window[0], -1), window[-1]
    # to read the manifests of all for each building would cost the square of their number
    own = Store(settings.seeing([building.building_id]))
    stored = [month for month in own.months(building.building_id) if month <= current]
    return [month for month in stored if month >= first] or stored[-1:]


def window_start(building: Building, as_of: datetime) -> datetime:
    """The beginning of a building's floating window."""
    return month_start(floating_window(building, as_of)[0], building.timezone)


def inputs(run: Run) -> list[Path]:
    """Every stored file that the checks read."""
    months = [
        (b.building_id, month)
        for b in run.registry.active_buildings
        for month in watched_months(run.settings, b, run.as_of)
    ]
    store = Store(run.settings)
    read = store.of_months("metric_sensor_day", months) + store.of_months(READINGS, months)
    return [file.path for file in read]


def look(run: Run, rules: Rules, now: datetime) -> list[Cause]:
    """Everything that is wrong in the floating windows of all active buildings, with the files, and
    with the runs.

    `now` is when Airflow runs this; only what concerns runs depends on it.
    """
    found = (
        causes_in_runs(run.settings, rules, now)
        + healed_files(run.settings, rules, run.as_of)
        + expired_silences(rules, run.as_of)
    )
    starts = {
        building.building_id: window_start(building, run.as_of)
        for building in run.registry.active_buildings
    }
    found += causes_in_files(run, rules, starts)
    found += causes_in_registers(run, rules)
    for building in run.registry.active_buildings:
        months = watched_months(run.settings, building, run.as_of)
        found += causes_of(
            examine(run, rules, building, months, starts[building.building_id]),
            rules,
        )
    closed = run.registry.restricted
    return [replace(cause, restricted=cause.building_id in closed) for cause in found]


def expired_silences(rules: Rules, as_of: datetime) -> list[Cause]:
    """Silences that have ended and are still in the seed."""
    over = [row for row in rules.silences if row.expires <= as_of.date()]
    causes = [
        Cause(
            "silence_expired",
            "warning",
            day_start(row.expires, "UTC"),
            as_of,
            row.reason,
            building_id=row.building_id,
            key=f"{row.check} {row.source} {row.sensor_id} (line {row.line})",
        )
        for row in over
    ]
    return [named(cause, rules) for cause in causes]


def keep_account(
    settings: Settings, rules: Rules, found: list[Cause], look: Look, unseen: Collection[str] = ()
) -> list[Cause]:
    """Compare what was found with the last run's incidents, and write both down as one.

    `unseen` are buildings that this run could not check: their open incidents stay open.
    """
    causes = sorted(
        account(read_all_health(settings), found, look.as_of, rules, unseen),
        key=lambda c: (c.status == "resolved", c.severity, c.since, c.id),
    )
    if not settings.replay:
        files.write_json(
            health_file(settings),
            {**look.to_json(), "causes": [cause.to_json() for cause in causes]},
        )
    return causes
