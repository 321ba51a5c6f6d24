"""The parallel run of old and new: what agrees, what differs, and why."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.core.errors import ConfigurationError
from include.core.settings import PROJECT_DIR
from include.release.comparison import Outcome, compare

MAP = PROJECT_DIR / "include/dbt/seeds/location_map.csv"
SERIES = {"source": "ThermoPro", "measurement": "temp_indoor"}


def written(folder: Path, old: dict[datetime, float], new: dict[datetime, float]) -> list[Outcome]:
    """`old` by the wall clock's end of the hour, `new` by the start of the hour in UTC."""
    rows = [
        {
            "time": time.replace(tzinfo=UTC),
            "location": "SM2_01_L1_01",
            "source": "ThermoPro",
            "data_key": "temp_indoor",
            "data_value": v,
        }
        for time, v in old.items()
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "old.parquet")
    rows = [
        {
            "timestamp": time.replace(tzinfo=UTC),
            "building_id": "sm2",
            "location": "1NP-S1",
            **SERIES,
            "value_sum": 2 * v,
            "count": 2,
        }
        for time, v in new.items()
    ]
    rows += [{**row, "building_id": "next_door", "value_sum": -1.0} for row in rows]
    pq.write_table(pa.Table.from_pylist(rows), folder / "public_dataset_hourly.parquet")
    return compare(folder / "old.parquet", folder, "sm2", MAP, "Europe/Prague")


def hours(start: str, values: list[float]) -> dict[datetime, float]:
    return {
        datetime.fromisoformat(start) + timedelta(hours=n): value for n, value in enumerate(values)
    }


def counted(outcomes: list[Outcome]) -> dict[str, int]:
    return {row.outcome: row.hours for row in outcomes}


def test_the_end_of_a_local_hour_is_the_start_of_an_hour_in_utc(tmp_path: Path) -> None:
    assert counted(
        written(
            tmp_path, hours("2026-01-10 01:00", [1, 2, 3]), hours("2026-01-09 23:00", [1, 2, 3])
        )
    ) == {"agrees": 3}
    assert counted(
        written(
            tmp_path, hours("2026-07-10 01:00", [1, 2, 3]), hours("2026-07-09 22:00", [1, 2, 3])
        )
    ) == {"agrees": 3}


def test_each_difference_has_its_reason(tmp_path: Path) -> None:
    assert counted(
        written(
            tmp_path,
            hours("2026-01-10 01:00", [1.004, 2, 9]),
            hours("2026-01-09 23:00", [1.0041, 2, 3]),
        )
    ) == {
        "rounded": 1,
        "agrees": 1,
        "another value": 1,
    }
    assert counted(
        written(
            tmp_path, hours("2026-01-10 02:00", [1, 2, 3]), hours("2026-01-09 23:00", [1, 2, 3])
        )
    ) == {
        "the old is an hour later": 2,
        "only in the old": 1,
        "only in the new": 1,
    }
    assert (
        counted(
            written(
                tmp_path, hours("2026-01-10 01:00", [2, 3]), hours("2026-01-09 23:00", [1, 2, 3])
            )
        )["the old is an hour earlier"]
        == 2
    )


def test_the_hour_that_comes_twice_is_reported_as_such(tmp_path: Path) -> None:
    """25 October 2026, 02:00 to 03:00: twice in UTC, once (here: its first pass) in the old dataset."""
    outcomes = written(
        tmp_path, hours("2026-10-25 02:00", [1, 2, 4]), hours("2026-10-24 23:00", [1, 2, 3, 4])
    )
    assert counted(outcomes) == {"agrees": 2, "the hour comes twice": 1}
    twice = next(row for row in outcomes if row.outcome != "agrees")
    assert (twice.first_hour, twice.first_old_value, twice.first_new_value) == (
        datetime(2026, 10, 25, 2),
        2,
        2.5,
    )


def test_what_is_no_old_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        compare(tmp_path / "old.parquet", tmp_path, "sm2", MAP, "Europe/Prague")
    written(tmp_path, hours("2026-01-10 01:00", [1]), hours("2026-01-09 23:00", [1]))
    with pytest.raises(ConfigurationError, match="columns are missing: data_key, data_value, time"):
        compare(tmp_path / "public_dataset_hourly.parquet", tmp_path, "sm2", MAP, "Europe/Prague")
    (tmp_path / "old.parquet").write_text("time;value")
    with pytest.raises(ConfigurationError, match="not a Parquet file"):
        compare(tmp_path / "old.parquet", tmp_path, "sm2", MAP, "Europe/Prague")
