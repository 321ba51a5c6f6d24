"""Who reads the old job's files finds the same values under the same names, of one release."""

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from include.core import rclone
from include.release import hand_over
from tests.support.platform import Platform
from tests.support.raw_files import SAMPLE, sample_drive, small_drive

pytestmark = pytest.mark.xdist_group("sample")
NAMES = {
    "Model/fact.csv",
    "Model/fact_indoor_temperature.csv",
    "Model/fact_indoor_humidity.csv",
    *(
        f"Normalized/{kind}_2026-0{n}.hourly.csv"
        for kind in ("additive", "nonadditive")
        for n in (1, 2, 3)
    ),
    "sm2_public_dataset.csv.gz",
    "sm2_public_dataset.parquet",
    "metric_daily_summary.csv",
    "hand_over.json",
}
HOURLY = "time,location,source,measurement,data_key,data_value"


@pytest.fixture
def offered(published: Callable[..., Platform], monkeypatch: pytest.MonkeyPatch) -> Callable:
    """An installation that hands over what it has published, and the folder that it is in."""

    def make(as_of: str, drive: Callable) -> tuple[Platform, Path]:
        platform = published(as_of, drive=drive)
        monkeypatch.setenv("EXPORT_LEGACY", "1")
        assert hand_over.offer(platform.at(as_of), platform.release)
        return platform, platform.drive / "Public"

    return make


def test_nothing_is_handed_over_unless_it_is_asked_for(
    published: Callable[..., Platform],
) -> None:
    platform = published("2026-02-04")
    assert not hand_over.offer(platform.at("2026-02-04"), platform.release)
    assert not (platform.drive / "Public" / hand_over.MARKER).exists()


def test_the_old_dataset_comes_out_hour_for_hour(offered: Callable) -> None:
    """Its own values of two months, by its own names for time and quantity."""
    platform, public = offered("2026-03-01", sample_drive)
    found = {str(path.relative_to(public)) for path in public.rglob("*") if path.is_file()}
    assert found >= NAMES
    equal, rows, expected = duckdb.sql(f"""
        select
            count_if(abs(old.data_value - expected.data_value) <= 1e-9 * greatest(1, abs(expected.data_value))),
            count(old.time),
            count(expected.hour_start)
        from '{public}/sm2_public_dataset.parquet' as old
        full join '{SAMPLE}/expected_hourly.parquet' as expected
            on (old.time at time zone 'UTC') = expected.hour_start + interval 1 hour
            and old.location = expected.location and old.source = expected.source
            and old.data_key = expected.data_key
    """).fetchall()[0]
    assert equal == rows == expected == 131_357
    for name, header in (
        ("Model/fact.csv", "timestamp,location,data_key,value"),
        ("Normalized/additive_2026-01.hourly.csv", HOURLY),
        ("Normalized/nonadditive_2026-01.hourly.csv", HOURLY),
        ("metric_daily_summary.csv", "date,datasource,measurement,row_count,unique_timestamps,null_count,null_pct,min_value,max_value,avg_value,std_dev,locations_active"),
    ):  # fmt: skip
        assert (public / name).read_text().partition("\n")[0] == header
    counts = [
        duckdb.sql(
            f"select count(*) from read_csv('{public}/{name}', all_varchar = true)"
        ).fetchall()
        for name in ("sm2_public_dataset.csv.gz", "Normalized/*.hourly.csv")
    ]
    assert counts == [[(131_357,)]] * 2
    twelve = duckdb.sql(f"from read_csv('{public}/metric_daily_summary.csv') order by all")
    summary = platform.query(
        "select local_date, datasource_id, measurement, row_count, unique_timestamps, null_count,"
        " round(null_pct, 2), min_value, max_value, round(avg_value, 2), round(std_dev, 2),"
        " locations_active from metric_daily_summary order by all"
    )
    assert twelve.fetchall() == summary
    raw = duckdb.sql(f"select count(*) from read_csv('{public}/Model/*.csv')").fetchall()
    assert raw == platform.query("select count(*) from public_dataset_raw")


def test_wherever_it_is_killed_the_next_run_writes_all_again(
    offered: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform, public = offered("2026-02-04", small_drive)
    run, put = platform.at("2026-02-04"), rclone.put
    said = json.loads((public / hand_over.MARKER).read_text())
    assert said["version"] == platform.release.version
    assert not hand_over.offer(run, platform.release)
    names = [*said["files"], hand_over.MARKER]
    whole = {name: (public / name).read_bytes() for name in names}
    for number in (0, 1, len(names) // 2, len(names) - 1):
        for name in names:
            (public / name).unlink()
        sent: list[str] = []

        def killed(local: Path, remote: str, sent: list[str] = sent, last: int = number) -> None:
            if len(sent) == last:
                raise KeyboardInterrupt
            sent.append(remote)
            put(local, remote)

        with monkeypatch.context() as patch:
            patch.setattr(hand_over.rclone, "put", killed)
            with pytest.raises(KeyboardInterrupt):
                hand_over.offer(run, platform.release)
        assert not (public / hand_over.MARKER).exists()
        assert hand_over.offer(run, platform.release)
        assert {name: (public / name).read_bytes() for name in names} == whole


def test_a_file_that_is_no_longer_named_is_taken_away(offered: Callable, seeds: Path) -> None:
    platform, public = offered("2026-02-04", small_drive)
    rows = (seeds / "hand_over_files.csv").read_text()
    (seeds / "hand_over_files.csv").write_text(
        "".join(line for line in rows.splitlines(keepends=True) if "Model/fact.csv" not in line)
    )
    assert hand_over.offer(platform.at("2026-02-04"), platform.release)
    assert not (public / "Model/fact.csv").exists()
    assert (public / "Model/fact_indoor_humidity.csv").exists()
    assert (public / "latest.json").exists()
