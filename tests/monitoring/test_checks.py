"""Every check on a building in which one sensor each comes to harm: all are found, and nothing else is."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from benchmarks.building_year import FAULTS, HARMED, ZONE, harm, healthy_building, write_exports
from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR
from include.monitoring.causes import causes_of
from include.monitoring.checks import examine
from include.monitoring.health import watched_months, window_start
from include.monitoring.rules import SQL_CHECKS, load_rules
from tests.support.platform import Platform

AS_OF = "2026-03-01"
LAST = datetime(2026, 2, 28, 22, 50, tzinfo=UTC)


def test_each_fault_is_found_and_nothing_else(new_platform: Callable[..., Platform]) -> None:
    assert set(FAULTS) == set(SQL_CHECKS)
    building, chance = healthy_building(3, date(2026, 1, 1), 59), np.random.default_rng(3)
    faults = {}
    for number, check in enumerate(sorted(FAULTS)):
        since = (
            LAST - timedelta(hours=26)
            if check == "silent"
            else datetime.combine(date(2026, 1, 25 + number // 6), datetime.min.time(), ZONE)
        )
        faults[check] = harm(building, check, HARMED[number], since + timedelta(hours=9), chance)
        if check == "silent":  # it does not come back
            device = building[HARMED[number]]
            ended = device.at < np.datetime64(since.replace(tzinfo=None), "s")
            device.at, device.temperature, device.humidity = (
                device.at[ended],
                device.temperature[ended],
                device.humidity[ended],
            )
    platform = new_platform()
    write_exports(platform.raw.folders[1], building, date(2026, 1, 1), 2)
    platform.run(AS_OF, only="refresh")
    run = platform.at(AS_OF)
    home, rules = run.registry.building("sm2"), load_rules(run.settings.seeds_dir)
    start, months = window_start(home, run.as_of), watched_months(run.settings, home, run.as_of)
    causes = causes_of(examine(run, rules, home, months, start), rules)
    causes = [
        cause for cause in causes if not (cause.check == "silent" and cause.since == start)
    ]  # mapped, and not in this building
    found = {(cause.check, sensor) for cause in causes for sensor in cause.sensors}
    wanted = {(check, fault.sensor) for check, fault in faults.items()}
    copied = {(check, sensor) for check, sensor in found if check == "repeating"}
    assert found - copied == wanted - {("repeating", faults["repeating"].sensor)}
    assert ("repeating", faults["repeating"].sensor) in copied and len(copied) == 2
    for cause in causes:
        fault = faults[cause.check]
        near = timedelta(days=3 if cause.check == "clock_shifted" else 1)
        assert abs(cause.since - fault.since) <= near or cause.check == "silent", cause
        assert cause.message and cause.cure and cause.evidence
        assert cause.building_id == "sm2" and cause.locations


@pytest.mark.parametrize(
    ("file", "line", "words"),
    [
        ("health_parameters.csv", "melting,min_hours,1,h,why", "unknown check 'melting'"),
        ("silences.csv", "melting,,,,anna,why,2026-01-01", "unknown check 'melting'"),
        ("silences.csv", "frozen,,,,anna,,2026-01-01", "reason"),
        ("silences.csv", "frozen,,,,anna,why,never", "expires"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(tmp_path, file: str, line: str, words: str) -> None:
    folder = tmp_path / "health"
    folder.mkdir()
    for path in (PROJECT_DIR / "include/dbt/seeds/health").iterdir():
        (folder / path.name).write_text(
            path.read_text() + (f"{line}\n" if path.name == file else "")
        )
    with pytest.raises(ConfigurationError, match=words) as refused:
        load_rules(tmp_path)
    assert file in refused.value.where
