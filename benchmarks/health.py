"""What monitoring finds of faults that were made on purpose, and what it reports of a healthy year:
writes a table into docs/health.md.

`python benchmarks/health.py [--faults 100]`. Every year runs through the real DAG `refresh`; then
the checks of `monitor_quality` check it month by month, as they do in production, and on the day on
which a sensor is silent.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.building_year import (
    FAULTS,
    HARMED,
    PER_DAY,
    ZONE,
    Fault,
    harm,
    healthy_building,
    write_exports,
)
from include.core.calendar import month_start, next_month
from include.core.settings import Settings
from include.monitoring.causes import Cause, causes_of
from include.monitoring.checks import examine
from include.monitoring.health import watched_months, window_start
from include.monitoring.rules import Rules, load_rules
from include.registry import Run, load_registry
from include.registry.rows import Building

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs/health.md"
FIRST, MONTHS = date(2025, 1, 1), 12
# more faults than this in one year would overlap
FAULTS_A_YEAR = 240
# how near to a fault a finding may begin and end: days are judged as a whole, a clock by three days
NEAR = timedelta(days=1)
NEAR_CLOCK = timedelta(days=3)


@dataclass
class Year:
    """One building's year, its faults, and what was found."""

    faults: list[Fault]
    causes: list[Cause]


def run_year(folder: Path, seed: int, kinds: list[str]) -> Year:
    """Generate, harm, refresh, examine."""
    days = (date(FIRST.year + 1, FIRST.month, 1) - FIRST).days
    building, chance = healthy_building(seed, FIRST, days), np.random.default_rng(seed + 1000)
    faults = [
        harm(building, check, sensor, since, chance)
        for check, sensor, since in _plan(kinds, days, chance)
    ]
    raw = folder / "drive/Indoor/Latest/Upload"
    write_exports(raw, building, FIRST, MONTHS)
    environment = {
        "DATA_DIR": str(folder / "data"),
        "RCLONE_CONFIG_SM2DRIVE_TYPE": "alias",
        "RCLONE_CONFIG_SM2DRIVE_REMOTE": str(folder / "drive"),
    }
    end = f"{next_month('2025-01', MONTHS)}-02"
    subprocess.run(
        [sys.executable, PROJECT / "cli/run.py", "--as-of", end],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    os.environ.update(environment)
    settings = Settings.from_environment()
    registry, rules = load_registry(settings.seeds_dir), load_rules(settings.seeds_dir)
    home = registry.building("sm2")
    ends = [month_start(next_month("2025-01", n), home.timezone) for n in range(1, MONTHS + 1)]
    causes = [
        cause
        for as_of in ends
        for cause in _look(Run(settings, registry, as_of), rules, home)
        if cause.check != "silent"
    ]
    # a sensor is silent only while it is; one that was never mounted in this building is not a
    # finding
    for as_of in sorted(
        {f.until.replace(minute=0, second=0, microsecond=0) for f in faults if f.check == "silent"}
    ):
        causes += [
            c
            for c in _look(Run(settings, registry, as_of), rules, home)
            if c.check == "silent" and c.since > window_start(home, as_of)
        ]
    return Year(faults, causes)


def _look(run: Run, rules: Rules, building: Building) -> list[Cause]:
    months = watched_months(run.settings, building, run.as_of)
    return causes_of(
        examine(run, rules, building, months, window_start(building, run.as_of)),
        rules,
    )


def _plan(
    kinds: list[str], days: int, chance: np.random.Generator
) -> list[tuple[str, str, datetime]]:
    """When and where: at most one fault in a sensor's 16 days, after the first three weeks."""
    slots = [(sensor, day) for sensor in HARMED for day in range(21, days - 16, 16)]
    chosen = chance.permutation(len(slots))[: len(kinds)]
    start = datetime.combine(FIRST, datetime.min.time(), ZONE).astimezone(UTC)
    return [
        (
            kind,
            slots[n][0],
            start + timedelta(days=slots[n][1], minutes=10 * int(chance.integers(0, PER_DAY))),
        )
        for kind, n in zip(kinds, sorted(chosen), strict=True)
    ]


def score(years: list[Year]) -> list[str]:
    """One line a check: faults, found, findings, right ones."""
    lines = [
        "| check | faults | found | recall | findings | right | precision |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for check in FAULTS:
        faults = [(year, fault) for year in years for fault in year.faults if fault.check == check]
        found = sum(
            any(_meets(cause, fault) for cause in year.causes if cause.check == check)
            for year, fault in faults
        )
        causes = [
            (year, cause)
            for year in years
            for cause in _distinct(year.causes)
            if cause.check == check
        ]
        right = sum(any(_explains(fault, cause) for fault in year.faults) for year, cause in causes)
        lines.append(
            f"| {check} | {len(faults)} | {found} | {100 * found / max(1, len(faults)):.0f} % |"
            f" {len(causes)} | {right} | {100 * right / max(1, len(causes)):.0f} % |"
        )
    return lines


def _meets(cause: Cause, fault: Fault) -> bool:
    near = NEAR_CLOCK if fault.check == "clock_shifted" else NEAR
    return (
        fault.sensor in cause.sensors
        and cause.since < fault.until + near
        and cause.until > fault.since - near
    )


def _explains(fault: Fault, cause: Cause) -> bool:
    """Of the same kind.

    A silent sensor has a gap once it is back; of two equal sensors either may be the copy.
    """
    return (
        _meets(cause, fault)
        or (fault.model != "" and _meets(cause, replace(fault, sensor=fault.model)))
    ) and (fault.check == cause.check or (fault.check, cause.check) == ("silent", "gap"))


def _distinct(causes: list[Cause]) -> list[Cause]:
    """A month is checked in up to three windows: the same finding counts once."""
    kept: dict[tuple[str, tuple[str, ...]], list[Cause]] = defaultdict(list)
    for cause in causes:
        others = kept[cause.check, cause.sensors]
        if not any(cause.since <= other.until and other.since <= cause.until for other in others):
            others.append(cause)
    return [cause for group in kept.values() for cause in group]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=100, help="of each kind")
    parser.add_argument("--healthy-only", action="store_true")
    arguments = parser.parse_args()
    kinds = [check for check in FAULTS for _ in range(arguments.faults)]
    np.random.default_rng(7).shuffle(kinds)
    years = []
    with tempfile.TemporaryDirectory(prefix="health-") as scratch:
        healthy = run_year(Path(scratch) / "healthy", 1, [])
        findings = _distinct(healthy.causes)
        print(
            f"a healthy year: {len(findings)} findings",
            *(f"{c.check} {c.message} {c.since} {c.until} {c.evidence}" for c in findings),
            sep="\n  ",
            flush=True,
        )
        if arguments.healthy_only:
            return
        for number, start in enumerate(range(0, len(kinds), FAULTS_A_YEAR)):
            years.append(
                run_year(
                    Path(scratch) / str(number), 10 + number, kinds[start : start + FAULTS_A_YEAR]
                )
            )
            print(*score(years), sep="\n", flush=True)
            for year in years[-1:]:
                for cause in _distinct(year.causes):
                    if not any(_explains(fault, cause) for fault in year.faults):
                        beside = [
                            f"{f.check} {f.sensor}"
                            for f in year.faults
                            if f.since < cause.until
                            and f.until > cause.since
                            and f.sensor in cause.sensors
                        ]
                        print(
                            "  wrong:",
                            cause.check,
                            cause.message,
                            cause.since,
                            cause.until,
                            cause.evidence,
                            *beside,
                        )
                for fault in year.faults:
                    if not any(
                        _meets(cause, fault) for cause in year.causes if cause.check == fault.check
                    ):
                        print("  missed:", fault)
    table = [
        (
            f"Of a healthy year of 28 sensors, checked month by month: {len(findings)} findings."
            f" Faults made on purpose in {len(years)} such years:"
        ),
        "",
        *score(years),
    ]
    before, _, rest = PAGE.read_text().partition("<!-- measured -->\n")
    _, _, after = rest.partition("<!-- /measured -->\n")
    PAGE.write_text(
        f"{before}<!-- measured -->\n" + "\n".join(table) + f"\n<!-- /measured -->\n{after}"
    )


if __name__ == "__main__":
    main()
