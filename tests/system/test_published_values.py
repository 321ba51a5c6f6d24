"""The release against the values that the building itself published from the same raw files."""

from datetime import datetime
from pathlib import Path

import pytest

from include.core.settings import PROJECT_DIR
from include.monitoring.causes import Cause
from include.monitoring.health import read_health
from include.release.comparison import AGREES, compare
from tests.support.raw_files import SAMPLE, minute_drive, sample_drive

LOCATION_MAP = PROJECT_DIR / "include/dbt/seeds/location_map.csv"
TOLERANCE = "1e-9 * greatest(1, abs(expected.data_value))"


@pytest.mark.xdist_group("sample")
@pytest.mark.parametrize(
    ("pack", "drive"),
    [(SAMPLE, sample_drive), (SAMPLE / "minute_sample", minute_drive)],
    ids=["two months by the hour", "a week by the minute"],
)
def test_hourly_values_are_those_that_were_published(published, pack: Path, drive) -> None:
    platform = published("2026-03-01", drive=drive)
    rows, expected, found, equal = platform.query(f"""
        with expected as (
            select * exclude (measurement), hour_start at time zone 'Europe/Prague' as timestamp, data_key as measurement
            from read_parquet('{pack}/expected_hourly.parquet')
        )
        select
            count(*), count(expected.timestamp), count(hourly.timestamp),
            count_if(abs(expected.data_value - hourly.value_mean) <= {TOLERANCE} and hourly.count = expected.n_raw)
        from expected
        full join public_dataset_hourly as hourly using (timestamp, location, source, measurement)
    """)[0]
    assert rows == expected == found == equal > 0
    outcomes = compare(
        pack / "expected_hourly.parquet",
        platform.release.path,
        "sm2",
        LOCATION_MAP,
        "Europe/Prague",
    )
    assert {row.outcome for row in outcomes} == {AGREES}
    if pack == SAMPLE:
        assert rows == 131_357
        the_faults_of_the_building_are_found(read_health(platform.settings))


def the_faults_of_the_building_are_found(causes: list[Cause]) -> None:
    """What went wrong in these two months, named with sensor and period; and no error besides."""

    def reported(check: str, location: str, since: str, until: str) -> bool:
        first, last = (datetime.fromisoformat(f"{day}+01:00") for day in (since, until))
        return any(
            c.check == check
            and (location in c.locations or (not location and not c.locations))
            and first <= c.since
            and c.until <= last
            for c in causes
        )

    assert reported("frozen", "sm2_06", "2026-01-01T00:00", "2026-01-26T08:00")
    assert reported("stuck_at_zero", "sm2_06", "2026-01-26T08:00", "2026-02-02T13:00")
    assert reported(
        "frozen", "sm2_01", "2026-01-13T00:00", "2026-01-20T00:00"
    )  # the whole plant stands still, as one cause
    assert reported("silent", "5NP-S5", "2026-02-24T12:00", "2026-03-01T01:00")
    assert reported("gap", "", "2026-01-31T22:00", "2026-02-01T00:01")  # nobody wrote at 23:00
    assert len([c for c in causes if c.severity == "error"]) == 4
    assert len(causes) < 12
