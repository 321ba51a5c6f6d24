"""What there is to do: the months whose fingerprint is not the one that the files on disk carry.

dbt receives only the plan. The plan is made of files, seeds, ledger and `as_of` alone, so a run
that was killed, repeated or moved to another machine plans only the missing months.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from include.core.calendar import (
    end_of_last_week,
    month_of,
    month_start,
    months_between,
    months_until,
    next_month,
)
from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR
from include.ledger.ledger import FileVersion, Ledger
from include.registry import Run
from include.registry.rows import Building


@dataclass(frozen=True)
class MonthPlan:
    """One month of readings to build.

    `begun`: the datasources whose first reading of all is in this month, and its local date: before
    that day they are not silent.
    `before`: the building's last month before it that has files, whose last readings its first
    amounts are made of; empty if it has none, or makes no amounts.
    """

    building: Building
    month: str
    fingerprint: str
    versions: tuple[FileVersion, ...]
    begun: tuple[tuple[str, date], ...] = ()
    before: str = ""

    @property
    def batch(self) -> str:
        """Names the batch in files and variables of dbt."""
        return f"{self.building.building_id}.{self.month}"


@dataclass(frozen=True)
class WindowPlan:
    """Consecutive months whose aggregates are computed at once: never more than the floating window
    holds.
    """

    building: Building
    months: tuple[str, ...]

    @property
    def batch(self) -> str:
        """Names the batch in files and variables of dbt."""
        return f"{self.building.building_id}.{self.months[0]}"

    @property
    def labels_start(self) -> datetime:
        """The beginning of the first label, inclusive."""
        return month_start(self.months[0], self.building.timezone)

    @property
    def labels_stop(self) -> datetime:
        """The end of the last label, exclusive."""
        return month_start(next_month(self.months[-1]), self.building.timezone)

    @property
    def stop(self) -> datetime:
        """The window reaches out to the end of the last week that begins in it."""
        return max(self.labels_stop, end_of_last_week(self.months[-1], self.building.timezone))

    @property
    def reach(self) -> list[str]:
        """The months whose readings it needs: its own, and the one that its last week reaches
        into.
        """
        return months_until(self.months[0], self.stop, self.building.timezone)


def models_fingerprint(*folders: str) -> str:
    """Hash of the SQL that makes the numbers."""
    paths = [
        path
        for folder in ("macros", *folders)
        for path in sorted((PROJECT_DIR / "include/dbt" / folder).rglob("*.sql"))
    ]
    return hashlib.sha256(b"\n".join(path.read_bytes() for path in paths)).hexdigest()


def plan_readings(run: Run) -> list[MonthPlan]:
    """All months of all published buildings with the fingerprint that their readings must carry."""
    ledger = Ledger.read(run.settings.paths)
    models = models_fingerprint(
        "models/0_landing",
        "models/0_seeds",
        "models/1_staging",
        "models/2_marts",
        "models/5_metrics",
    )
    of_facts = models_fingerprint("models/4_facts")
    plans, ledgers = [], ledger.by_building()
    for building in run.registry.built_buildings:
        seeds = run.registry.fingerprint_of(building.building_id)
        accepted = Ledger(ledgers.get(building.building_id, ())).accepted(
            building.building_id, run.as_of, run.registry.withdrawn(run.as_of)
        )
        ranked = rank(
            version
            for version in accepted
            if version.months  # a table has none
            and run.registry.uses(version.building_id, version.datasource_id)
        )
        months: dict[str, list[FileVersion]] = defaultdict(list)
        for version in ranked:
            for month in version.months:
                months[month].append(version)
        began = _first_days(ranked, building.timezone)
        before = ""
        for month, versions in sorted(months.items()):
            begun = tuple((name, day) for name, day in began if f"{day:%Y-%m}" == month)
            facts = [
                models,
                *([of_facts] if run.registry.makes_facts(building.building_id) else []),
                seeds,
                *(_facts(version) for version in versions),
                *(f"{name} {day}" for name, day in begun),
            ]
            fingerprint = hashlib.sha256("\n".join(facts).encode()).hexdigest()
            plans.append(MonthPlan(building, month, fingerprint, tuple(versions), begun, before))
            before = month if run.registry.makes_amounts(building.building_id) else ""
    return plans


def _first_days(versions: Iterable[FileVersion], timezone: str) -> list[tuple[str, date]]:
    """The local date of each datasource's first reading."""
    first: dict[str, datetime] = {}
    for version in versions:
        if version.first_reading is not None:
            before = first.get(version.datasource_id, version.first_reading)
            first[version.datasource_id] = min(before, version.first_reading)
    zone = ZoneInfo(timezone)
    return sorted((name, at.astimezone(zone).date()) for name, at in first.items())


def versions_of(months: Iterable[MonthPlan]) -> list[FileVersion]:
    """The inputs of months, each once, in the order of their numbers."""
    versions = {version.key: version for plan in months for version in plan.versions}
    return [versions[key] for key in sorted(versions)]


def _facts(version: FileVersion) -> str:
    """What a file's readings are made from."""
    layout = version.layout
    assert layout is not None
    return (
        f"{version.number} {version.sha256} {version.rows} {layout.columns} {layout.date_format}"
        f" {layout.device} {layout.declared}"
    )


def named_months(
    plans: list[MonthPlan], building_id: str, months: Collection[str]
) -> list[MonthPlan]:
    """Some of the planned months.

    Raises ConfigurationError if none is named, or one has no accepted input.
    """
    named = [
        plan for plan in plans if plan.building.building_id == building_id and plan.month in months
    ]
    if unknown := sorted(set(months) - {plan.month for plan in named}) or (not months and ["none"]):
        there = [plan.month for plan in plans if plan.building.building_id == building_id]
        raise ConfigurationError(
            f"these months have no accepted input: {', '.join(unknown)}",
            where="parameter months",
            cure=f"name some of: {', '.join(there) or 'none yet'}",
        )
    return named


def rank(versions: Iterable[FileVersion]) -> list[FileVersion]:
    """Later exports last: by the time of export in their names, else by last and first reading;
    versions of one path by their sequence.

    Name and contents decide between equals.
    """
    by_path: dict[tuple[str, str], list[FileVersion]] = defaultdict(list)
    for version in versions:
        by_path[version.datasource_id, version.path].append(version)

    def age(path: tuple[str, str]) -> tuple[Any, ...]:
        newest = by_path[path][-1]
        readings = (
            (newest.last_reading, newest.first_reading)
            if newest.exported is None
            else (newest.exported, newest.exported)
        )
        return (*readings, *path, newest.sha256)

    return [version for path in sorted(by_path, key=age) for version in by_path[path]]


def floating_window(
    building: Building, as_of: datetime, retention_months: int | None = None
) -> tuple[str, ...]:
    """The building's current month and the `retention_months` before it: its own, or others."""
    months = building.retention_months if retention_months is None else retention_months
    current = month_of(as_of, building.timezone)
    return tuple(months_between(next_month(current, -months), current))


def plan_windows(building: Building, months: Iterable[str], as_of: datetime) -> list[WindowPlan]:
    """The floating window of `as_of`, and windows of the same size for the older months among
    `months`.
    """
    size = building.retention_months + 1
    floating = floating_window(building, as_of)
    windows = [WindowPlan(building, floating)]
    older = sorted(month for month in set(months) if month < floating[0])
    while older:
        span = [month for month in older if month < next_month(older[0], size)]
        windows.append(WindowPlan(building, tuple(months_between(span[0], span[-1]))))
        older = older[len(span) :]
    return sorted(windows, key=lambda window: window.months)
