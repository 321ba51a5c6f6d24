"""The release against the values that the building itself published from the same raw files."""

import shutil
from pathlib import Path

import pytest

from include.settings import PROJECT_DIR

SAMPLE = PROJECT_DIR / "include/sample_data"
TOLERANCE = "1e-9 * greatest(1, abs(expected.data_value))"


@pytest.mark.parametrize("pack", [SAMPLE, SAMPLE / "minute_sample"], ids=["two months by the hour", "a week by the minute"])
def test_hourly_values_are_those_that_were_published(new_platform, pack: Path) -> None:
    platform = new_platform()
    shutil.copytree(pack / "raw", platform.raw, dirs_exist_ok=True)
    platform.run("2026-03-01")
    rows, expected, published, equal = platform.query(f"""
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
    assert rows == expected == published == equal > 0
    if pack == SAMPLE:
        assert rows == 131_357
