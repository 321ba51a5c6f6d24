"""Files around the hour that comes twice, and the one that does not exist."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.accounts import (
    counted,
    file_of,
    instants,
    outcome_of,
    readings_of,
    rejected_of,
)
from tests.support.platform import Platform
from tests.support.raw_files import (
    Raw,
    thermopro,
)

pytestmark = pytest.mark.xdist_group("clock changes")  # one process has its installations


MINUTE = timedelta(minutes=1)


def around_clock_changes(raw: Raw) -> None:
    autumn = datetime(2025, 10, 26)
    minutes = [autumn + n * MINUTE for n in (*range(90, 180), *range(120, 210))]
    thermopro(raw, "9C88", minutes, exported=1)
    thermopro(
        raw,
        "9C88",
        minutes[60:],
        value=lambda n: f"{20 + (n + 60) % 7 / 10:.1f}",
        humidity=lambda n: f"{40 + (n + 60) % 5}",
        exported=2,
    )
    thermopro(raw, "9E31", [autumn + timedelta(hours=hour) for hour in (0, 1, 2, 2, 3)])
    thermopro(raw, "C6CB", [autumn + timedelta(hours=hour) for hour in (25, 26, 1, 2, 2, 3)])
    thermopro(raw, "9E4C", [autumn + timedelta(hours=hour) for hour in (2, 3, 4)])
    thermopro(
        raw,
        "A7A9",
        [autumn + timedelta(hours=hour) for hour in (1, 2)],
        value=lambda n: "21.0",
        exported=1,
    )
    thermopro(
        raw,
        "A7A9",
        [autumn + timedelta(hours=hour) for hour in (2, 3)],
        value=lambda n: "22.0",
        exported=2,
    )
    thermopro(raw, "B54D", [datetime(2026, 3, 29, hour) for hour in (1, 2, 3, 4)])


@pytest.fixture(scope="module")
def accepted(templates: Callable[..., Platform]) -> Platform:
    return templates("2026-04-02", around_clock_changes)


def test_the_hour_that_comes_twice_is_separated_in_minute_data(accepted: Platform) -> None:
    assert instants(accepted, "2025-10", "9C88") == [
        datetime(2025, 10, 25, 23, 30, tzinfo=UTC) + n * MINUTE for n in range(180)
    ]
    assert counted(accepted, "9C88") == {
        "cells": 600,
        "readings": 600,
        "kept": 360,
        "duplicates": 240,
    }, "an overlapping export agrees"


def test_the_hour_that_comes_twice_is_separated_in_hourly_data(accepted: Platform) -> None:
    assert instants(accepted, "2025-10", "9E31") == [
        datetime(2025, 10, 25, 22, tzinfo=UTC) + timedelta(hours=n) for n in range(5)
    ]
    assert not [f for f in file_of(accepted, "9E31").findings if f.check == "clock_change"]


def test_the_hour_that_comes_twice_is_separated_below_later_days(accepted: Platform) -> None:
    # 27 October 01:00 and 02:00 stand first in the file: 00:00 and 01:00 UTC
    hours = [
        datetime(2025, 10, 25, 23, tzinfo=UTC) + timedelta(hours=n) for n in (0, 1, 2, 3, 25, 26)
    ]
    assert instants(accepted, "2025-10", "C6CB") == hours


def test_a_file_that_begins_inside_the_hour_that_comes_twice_counts_as_its_first_pass(
    accepted: Platform,
) -> None:
    assert instants(accepted, "2025-10", "9E4C") == [
        datetime(2025, 10, 26, hour, tzinfo=UTC) for hour in (0, 2, 3)
    ]
    finding = next(f for f in file_of(accepted, "9E4C").findings if f.check == "clock_change")
    assert (
        "the hour from 2025-10-26 02:00 to 03:00 came twice" in finding.message
        and finding.where == "line 3"
    )
    assert any(str(finding) in warning for warning in outcome_of(accepted).warnings)


def test_the_hour_that_comes_twice_cannot_be_separated_across_files_and_that_is_said(
    accepted: Platform,
) -> None:
    assert instants(accepted, "2025-10", "A7A9") == [
        datetime(2025, 10, 25, 23, tzinfo=UTC),
        datetime(2025, 10, 26, 0, tzinfo=UTC),
        datetime(2025, 10, 26, 2, tzinfo=UTC),
    ]
    assert readings_of(accepted, "2025-10", "A7A9", "temp_indoor")["value"].to_pylist() == [
        21.0,
        22.0,
        22.0,
    ]
    first, second = sorted(
        (v for v in accepted.ledger.versions if "_A7A9_" in v.path), key=lambda v: v.path
    )
    checks = [{f.check for f in version.findings} for version in (first, second)]
    assert checks == [{"row_count"}, {"row_count", "clock_change"}], "few rows, and one warning"
    assert readings_of(accepted, "2026-03", "B54D", "temp_indoor")["value"].to_pylist() == [
        20.0,
        20.2,
        20.3,
    ]
    lost = rejected_of(accepted, "2026-03").to_pylist()
    assert [
        (row["timestamp"], row["value"], row["source_line"])
        for row in lost
        if row["measurement"] == "temp_indoor"
    ] == [(datetime(2026, 3, 29, 1, tzinfo=UTC), 20.1, 4)]
    finding = next(f for f in file_of(accepted, "B54D").findings if f.check == "clock_change")
    assert (
        "1 line from 2026-03-29 02:00 to 03:00, an hour that did not exist" in finding.message
        and finding.where == "line 4"
    )
