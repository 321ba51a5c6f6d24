"""Tables, SQLite and changes: the same values in other forms, and never two releases in one answer."""

import io
import itertools
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from include.core import files
from include.release.withdrawal import WITHDRAWN
from include.serving.api.app import PREFIX, create_app
from include.serving.api.errors import MEDIA_TYPE
from include.serving.api.limits import Limits
from tests.serving.api.asking import ALL, get, series_ids
from tests.serving.api.conftest import UNLIMITED
from tests.support.platform import Platform

pytestmark = pytest.mark.xdist_group("release")


def test_arrow_has_what_csv_has(api: TestClient) -> None:
    query = f"series={','.join(series_ids(api)[:3])}&{ALL}"
    arrow = api.get(f"{PREFIX}/buildings/sm2/data.arrow?{query}")
    table = pa.ipc.open_stream(arrow.content).read_all()
    csv = pandas.read_csv(io.StringIO(api.get(f"{PREFIX}/buildings/sm2/data.csv?{query}").text))
    assert table.column_names == list(csv.columns)
    for name in ("local_time", "mean", "min", "max", "count"):
        assert table[name].to_pylist() == csv[name].tolist()


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/*", "text/csv; charset=utf-8"),
        ("application/json;q=0.5, text/csv;q=0.9", "text/csv; charset=utf-8"),
        ("Application/Vnd.Apache.Parquet", "application/vnd.apache.parquet"),
        ("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"),
        ("text/html", None),
        ("application/json;q=0", None),
        ("[", None),
        ("🦆;q=9e99", None),
    ],
)
def test_accept_chooses_the_format(api: TestClient, accept: str, media_type: str | None) -> None:
    path = f"{PREFIX}/buildings/sm2/data?series={series_ids(api)[0]}"
    answered = api.get(path, headers={"Accept": accept.encode()})
    assert answered.headers["content-type"] == (media_type or MEDIA_TYPE)
    assert answered.status_code == (200 if media_type else 406)
    if media_type is None:
        assert "text/csv" in answered.json()["detail"]
    else:
        assert answered.headers["vary"] == "Accept"
    csv = api.get(path.replace("data?", "data.csv?"), headers={"Accept": "application/json"})
    assert csv.headers["content-type"] == "text/csv; charset=utf-8", "the suffix counts"


def test_sqlite_has_all_hours_and_days(published: Callable[..., Platform]) -> None:
    platform = published("2026-02-04")
    own = TestClient(create_app(platform.settings))
    path = f"{PREFIX}/buildings/sm2/export.sqlite"
    exports = platform.settings.paths.work / "exports"
    files.write_text(exports / "sm2/2026-01-01-00000000.sqlite", "of an earlier release")
    with files.locked(exports / ".lock", "another request"):
        busy = own.get(path)
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "5")
    answered = own.get(path)
    assert answered.headers["content-type"] == "application/vnd.sqlite3"
    (kept,) = (exports / "sm2").iterdir()
    assert kept.read_bytes() == answered.content == own.get(path).content
    with closing(sqlite3.connect(kept)) as database:
        columns = "mean, min, max, sum, count"
        for table in ("hourly", "daily"):
            rows = database.execute(
                f"select source, location, measurement, timestamp, {columns} from {table}"
                " join series on number = series order by 1, 2, 3, 4"
            ).fetchall()
            assert rows == platform.query(
                "select source, location, measurement, epoch(timestamp)::bigint, value_mean, value_min,"
                f" value_max, value_sum, count from public_dataset_{table} order by 1, 2, 3, 4"
            )
        ids = [name for (name,) in database.execute("select id from series order by number")]
        days = database.execute("select distinct local_date from daily order by 1").fetchall()
    assert ids == series_ids(own) and days[0] == ("2026-01-29",)


def other_release(platform: Platform, version: str, change: Callable[[Path], None]) -> Path:
    """A copy of the release under another version, in which something is changed."""
    folder = platform.release.path.with_name(version)
    shutil.copytree(platform.release.path, folder)
    change(folder)
    return folder


def test_changes_are_those_of_lineage_and_checksums(published: Callable[..., Platform]) -> None:
    platform = published("2026-02-04")
    version = platform.release.version

    def change(folder: Path) -> None:
        lineage = files.read_json(folder / "lineage.json")
        hourly = [row for row in lineage["archive"] if row["grain"] == "hourly"]
        assert [row["month"] for row in hourly] == ["2026-01", "2026-02"]
        hourly[0]["month"] = "2025-12"
        hourly[1] |= {"rows": 7, "sha256": "0" * 64}
        files.write_json(folder / "lineage.json", lineage)
        sums = (folder / "SHA256SUMS").read_text().splitlines()
        kept = [line for line in sums if "hourly" not in line]
        files.write_text(
            folder / "SHA256SUMS", "\n".join([f"{'0' * 64}  public_dataset_hourly.parquet", *kept])
        )

    other_release(platform, "2026-02-05-00000000", change)
    own = TestClient(create_app(platform.settings))
    found = get(own, f"/releases/2026-02-05-00000000/changes?since={version}")
    assert found["since"] == version
    tables = {row.pop("table"): row for row in found["tables"]}
    hourly = tables.pop("public_dataset_hourly")
    assert hourly["is_changed"]
    for kind, month in (("added", "2025-12"), ("changed", "2026-02"), ("withdrawn", "2026-01")):
        (row,) = hourly[kind]
        assert (row["building_id"], row["month"]) == ("sm2", month)
        assert (row["rows"] is None, row["rows_before"] is None) == (
            kind == "withdrawn",
            kind == "added",
        )
    assert hourly["changed"][0]["rows"] == 7
    nothing = {"is_changed": False, "added": [], "changed": [], "withdrawn": []}
    assert {"history", "dim_building", "public_dataset_daily"} <= tables.keys()
    assert all(row == nothing for row in tables.values())
    get(own, f"/releases/{version}/changes?since=2026-02-05-00000001", 404)
    gone = {"version": "2026-02-03-00000000", "withdrawn": "2026-02-04", "reason": "it held …"}
    files.write_json(platform.settings.paths.releases / WITHDRAWN, [gone])
    assert "it held" in get(own, f"/releases/{gone['version']}", 410)["detail"]
    get(own, f"/releases/{version}/changes", 422)
    (platform.release.path / "lineage.json").write_text("{}")
    get(own, f"/releases/{version}/changes?since={version}", 503)


def test_no_answer_mixes_two_releases(published: Callable[..., Platform]) -> None:
    """`latest` moves between two releases whose values differ by 1,000 while they are read."""
    platform = published("2026-02-04")
    first = platform.release.version

    def change(folder: Path) -> None:
        for table in ("hourly", "daily"):
            path = folder / f"public_dataset_{table}.parquet"
            rows = pq.read_table(path).to_pandas()
            rows["value_sum"] += 1000 * rows["count"]
            for name in ("value_mean", "value_min", "value_max"):
                rows[name] += 1000
            pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), path)

    second = other_release(platform, "2026-02-05-00000000", change).name
    own = TestClient(create_app(platform.settings, Limits(rate=UNLIMITED)))
    names, link = ",".join(series_ids(own)), platform.settings.paths.latest
    done = threading.Event()

    def replace_latest() -> None:
        for version in itertools.cycle((second, first)):
            if done.wait(0.001):
                return
            files.point(link, version)

    def values(found: Any) -> list[float]:
        if "rows" in found:
            return [row["mean"] for row in found["rows"]]
        series = [one for part in found.get("periods", [found]) for one in part["series"]]
        return [value for one in series for value in one["mean"] if value is not None]

    paths = (
        f"/buildings/sm2/data?series={names}&datetime=2026-02-01",
        f"/buildings/sm2/comparison?series={names}&datetime=2026-02-01&before=P1D",
        "/buildings/sm2/aggregates?measurement=temp_indoor&grain=1d&datetime=2026-02-01/P2D",
    )
    seen: set[str] = set()
    thread = threading.Thread(target=replace_latest)
    thread.start()
    try:
        for rounds in range(1000):
            if rounds >= 20 and seen == {first, second}:
                break
            for path in paths:
                found = get(own, path)
                seen.add(found["release"])
                assert {value > 500 for value in values(found)} == {found["release"] == second}
    finally:
        done.set()
        thread.join()
    assert seen == {first, second}
