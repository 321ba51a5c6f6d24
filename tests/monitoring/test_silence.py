"""A building that is dead stays an open incident, however long; until it speaks, is unmapped, is disabled or is silenced."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from include.core.clock import parse_as_of
from include.monitoring.causes import Cause, account
from include.monitoring.health import look, read_health
from include.monitoring.rules import Rules, load_rules
from include.registry import Registry, Run
from include.registry.rows import Silence
from tests.support.health_server import Issues
from tests.support.platform import Platform
from tests.support.raw_files import Raw, retouched, sample_drive, thermopro, times

LATER = (
    "2024-03-11",
    "2024-06-01",
    "2026-03-01",
)  # ten days, three months and two years after the last reading


def old_sample_drive(raw: Raw) -> None:
    """The sample, two years older: the clock refuses an as_of two years after the sample itself."""
    sample_drive(raw)
    for path in raw.glob("*"):
        retouched(path, lambda content: content.replace(b"2026", b"2024").replace(b"2025", b"2023"))


def silences(causes: list[Cause]) -> list[Cause]:
    return [cause for cause in causes if cause.check == "silent" and cause.is_open]


def test_the_issue_of_a_dead_building_stays_open_for_two_years(
    new_platform: Callable[..., Platform], issues: Issues
) -> None:
    platform = new_platform()
    old_sample_drive(platform.raw)
    platform.run("2024-03-01", only="refresh")
    seen = []
    for as_of in LATER:
        platform.run(as_of, only="monitor_quality")
        found = silences(read_health(platform.settings))
        [dead] = [cause for cause in found if not cause.sensors]
        assert dead.sources == ("Atrea", "ThermoPro") and dead.severity == "error"
        assert f"{dead.since:%Y-%m-%d %H:%M} UTC" in dead.evidence
        [issue] = [
            number
            for number, issue in issues.all.items()
            if "Atrea and ThermoPro" in issue["title"] and "silent" in issue["title"]
        ]
        assert issues.all[issue]["state"] == "open"
        seen.append((issue, {(cause.id, cause.since, cause.sensors) for cause in found}))
    assert (
        seen[0] == seen[1] == seen[2]
    )  # nor was the one sensor that had been silent before taken for a part of it

    thermopro(
        platform.raw, "072B", times("2026-03-01 02:00", 20), date="%m/%d/%Y", exported=1772400000
    )
    platform.run("2026-03-02", only="refresh").run("2026-03-02", only="monitor_quality")
    after = silences(read_health(platform.settings))
    [still] = [cause for cause in after if not cause.sensors]
    assert (still.id, still.sources) == (dead.id, ("Atrea",))
    one_by_one = {sensor for cause in after for sensor in cause.sensors}
    assert "493D" in one_by_one and "072B" not in one_by_one


def ended(registry: Registry) -> Registry:
    """ThermoPro's sensors are taken away, all on one day."""
    rows = [
        replace_row(row, valid_to=date(2026, 3, 1)) if row.datasource_id == "sm2_thermopro" else row
        for row in registry.sensor_mappings
    ]
    return replace(registry, sensor_mappings=tuple(rows))


def unmapped(registry: Registry) -> Registry:
    return replace(
        registry,
        sensor_mappings=tuple(
            row for row in registry.sensor_mappings if row.datasource_id != "sm2_thermopro"
        ),
    )


def disabled(registry: Registry) -> Registry:
    rows = [
        replace_row(row, status="disabled") if row.datasource_id == "sm2_thermopro" else row
        for row in registry.datasources
    ]
    return replace(registry, datasources=tuple(rows))


def replace_row(row, **cells):
    return row.model_copy(update=cells)


@pytest.mark.parametrize("change", [ended, unmapped, disabled])
def test_a_source_that_is_not_expected_is_not_silent(
    published: Callable[..., Platform], change: Callable[[Registry], Registry]
) -> None:
    platform = published("2026-02-04")
    run = platform.at("2026-09-01")
    rules = load_rules(run.settings.seeds_dir)

    def silent(registry: Registry) -> set[str]:
        return sources(look(replace(run, registry=registry), rules, run.as_of))

    assert silent(run.registry) == {"Atrea", "ThermoPro"}
    assert silent(change(run.registry)) == {"Atrea"}
    assert silent(unmapped(change(run.registry))) == {"Atrea"}


def sources(causes: list[Cause]) -> set[str]:
    return {source for cause in silences(causes) for source in cause.sources}


def test_a_silence_of_a_dead_source_can_be_silenced(published: Callable[..., Platform]) -> None:
    platform = published("2026-02-04")
    run = platform.at("2026-09-01")
    row = Silence(
        line=2,
        check="silent",
        building_id="sm2",
        source="ThermoPro",
        sensor_id="",
        owner="anna",
        reason="winter",
        expires=date(2027, 1, 1),
    )
    rules: Rules = replace(load_rules(run.settings.seeds_dir), silences=(row,))
    found = account([], look(run, rules, run.as_of), run.as_of, rules)
    assert all(cause.silenced_by for cause in silences(found) if "ThermoPro" in cause.sources)


def test_a_sensor_that_was_never_heard_of_is_distinguished_and_since_its_mapping_begins(
    published: Callable[..., Platform],
) -> None:
    platform = published("2026-02-04")
    settings, registry = platform.settings, platform.registry
    rules = load_rules(settings.seeds_dir)
    rows = [
        replace_row(row, valid_from=date(2026, 2, 1)) if row.raw_name == "3B1D" else row
        for row in registry.sensor_mappings
    ]
    later = replace(registry, sensor_mappings=tuple(rows))
    for as_of in ("2026-02-04", "2026-12-01"):
        run = Run(settings, later, parse_as_of(as_of))
        [cause] = [
            cause for cause in silences(look(run, rules, run.as_of)) if "3B1D" in cause.sensors
        ]
        assert cause.severity == "warning" and "never a reading" in cause.evidence
        assert f"{cause.since:%Y-%m-%dT%H:%M}" == "2026-01-31T23:00"
