"""What belongs together, what is new, what is over."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from include.core.settings import PROJECT_DIR
from include.monitoring.causes import Cause, account, causes_of
from include.monitoring.checks import Episode
from include.monitoring.rules import Rules, load_rules
from include.registry.rows import Silence

DAY = timedelta(days=1)
NOON = datetime(2026, 2, 24, 12, tzinfo=UTC)
RULES = load_rules(PROJECT_DIR / "include/dbt/seeds")


def episode(
    sensor: str = "A", since: datetime = NOON, until: datetime = NOON + DAY, **other: object
) -> Episode:
    plain = Episode(
        "frozen",
        "sm2",
        "Atrea",
        sensor,
        f"place of {sensor}",
        "temp_indoor",
        since,
        until,
        False,
        "20.0 for 24 hours",
    )
    return replace(plain, **other)  # type: ignore[arg-type]


def silencing(**cells: object) -> Rules:
    row = {
        "check": "frozen",
        "building_id": "sm2",
        "source": "",
        "sensor_id": "",
        "owner": "anna",
        "reason": "a strike",
        "expires": date(2026, 3, 1),
    }
    return replace(RULES, silences=(Silence(line=2, **{**row, **cells}),))


def test_what_begins_and_ends_together_has_one_cause() -> None:
    one, other = causes_of(
        [
            episode("A"),
            episode("B", since=NOON + timedelta(minutes=50)),
            episode("C", since=NOON + 0.5 * DAY),
        ],
        RULES,
    )
    assert one.sensors == ("A", "B") and other.sensors == ("C",)
    assert one.locations == ("place of A", "place of B")
    assert "place of A, place of B (A, B)" in one.message


def test_one_error_makes_the_cause_an_error_and_a_whole_source_names_no_sensor() -> None:
    [cause] = causes_of([episode("A"), episode("", location="", is_error=True)], RULES)
    assert (cause.severity, cause.sensors) == ("error", ())


def test_a_silence_that_grows_takes_in_no_other_and_a_silent_source_no_single_sensors() -> None:
    now = NOON + 365 * DAY
    silent = [
        episode("A", check="silent", until=now),
        episode("B", check="silent", since=NOON + 2 * DAY, until=now),
        episode("", source="Other", check="silent", since=NOON + 2 * DAY, until=now),
    ]
    assert [(cause.sources, cause.sensors) for cause in causes_of(silent, RULES)] == [
        (("Atrea",), ("A",)),
        (("Atrea",), ("B",)),
        (("Other",), ()),
    ]


def test_an_incident_of_two_sources_goes_on_when_one_of_them_speaks() -> None:
    both = [episode("", source=source, check="silent") for source in ("Atrea", "ThermoPro")]
    first = account([], causes_of(both, RULES), NOON + DAY, RULES)
    assert look(first, causes_of(both[:1], RULES), NOON + DAY) == [(first[0].id, "ongoing")]


def test_nothing_is_resolved_of_a_building_that_was_not_looked_at() -> None:
    first = account([], causes_of([episode()], RULES), NOON + DAY, RULES)
    [kept] = account(first, [], NOON + 30 * DAY, RULES, unseen={"sm2"})
    assert (kept.id, kept.status) == (first[0].id, "ongoing")
    assert [
        cause.status for cause in account(first, [], NOON + 30 * DAY, RULES, unseen={"other"})
    ] == ["resolved"]


def look(
    before: list[Cause], found: list[Cause], as_of: datetime, rules: Rules = RULES
) -> list[tuple[str, str]]:
    return [(cause.id, cause.status) for cause in account(before, found, as_of, rules)]


def test_a_cause_keeps_its_id_while_it_grows_is_resolved_once_over_and_then_forgotten() -> None:
    [cause] = causes_of([episode()], RULES)
    first = account([], [cause], NOON + DAY, RULES)
    assert look([], [cause], NOON + DAY) == [(cause.id, "new")]
    [grown] = causes_of(
        [
            episode("A", until=NOON + 2 * DAY),
            episode("B", since=NOON + timedelta(minutes=5), until=NOON + 2 * DAY),
        ],
        RULES,
    )
    second = account(first, [grown], NOON + 2 * DAY, RULES)
    assert [(c.id, c.status, c.found) for c in second] == [(cause.id, "ongoing", NOON + DAY)]
    third = account(second, [grown], NOON + 4 * DAY, RULES)
    assert [(c.id, c.status) for c in third] == [(cause.id, "resolved")]
    fourth = account(third, [], NOON + 5 * DAY, RULES)
    assert [(c.id, c.status, c.resolved) for c in fourth] == [
        (cause.id, "resolved", NOON + 4 * DAY)
    ]
    assert account(fourth, [], NOON + 12 * DAY, RULES) == []


def test_what_is_found_no_more_is_resolved() -> None:
    [cause] = causes_of([episode()], RULES)
    assert look(account([], [cause], NOON + DAY, RULES), [], NOON + 1.5 * DAY) == [
        (cause.id, "resolved")
    ]


@pytest.mark.parametrize(
    ("cells", "silent"),
    [
        ({}, True),
        ({"sensor_id": "A"}, True),
        ({"sensor_id": "B"}, False),
        ({"source": "ThermoPro"}, False),
        ({"check": "gap"}, False),
        ({"building_id": "other"}, False),
        ({"expires": date(2026, 2, 25)}, False),
    ],
)
def test_a_silence_holds_for_what_it_names_until_its_day(
    cells: dict[str, object], silent: bool
) -> None:
    rules = silencing(**cells)
    [cause] = account([], causes_of([episode()], rules), NOON + DAY, rules)
    assert bool(cause.silenced_by) == silent
