"""Aggregates of a release: their order, years taken over, and statistics of row groups."""

import tempfile
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from include.contract.tables import tables_of
from include.core import files
from include.release.parquet_files import ORDER, _same_years, sort_by_series
from include.store.archive import Unit
from include.store.store import StoredFile

HOURLY = next(table for table in tables_of("aggregate") if table.model == "agg_hourly")
TEXTS = ("building_id", "source", "location", "measurement")
MONTH = """
    copy (
        select
            hour as timestamp, hour::date as local_date, $building as building_id,
            if(place < 3, 'Atrea', 'ThermoPro') as source,
            'place ' || place as location,
            measurement,
            hash($seed, place, hour) % 100 / 3.0 as value_mean, null::double as value_std,
            value_mean as value_min,
            value_mean as value_max,
            value_mean as value_sum,
            1::bigint as count
        from range(6) places (place), unnest(['humidity', 'temp_indoor']) names (measurement),
            range(
                ($month || '-01T00:00+00')::timestamptz,
                ($month || '-04T00:00+00')::timestamptz,
                interval 1 hour
            ) h (hour)
        where hash($seed, $building, $month, place) % 3 > 0
        order by source, location, measurement, timestamp
    ) to $target (format parquet)
"""
# building and month → another seed is another content
ARCHIVES = st.dictionaries(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from([f"{y}-{m:02}" for y in range(2022, 2026) for m in (1, 2, 12)]),
    ),
    st.integers(0, 1),
    min_size=1,
)


def connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set TimeZone = 'UTC'")
    return connection


def stored(
    database: duckdb.DuckDBPyConnection, folder: Path, archive: dict[tuple[str, str], int]
) -> dict[Unit, StoredFile]:
    found = {}
    for (building, month), seed in sorted(archive.items()):
        target = folder / f"{building}-{month}-{seed}.parquet"
        given = {"building": building, "month": month, "seed": seed, "target": str(target)}
        if not target.exists():
            database.execute(MONTH, given)
        found[Unit("hourly", building, month)] = StoredFile(target, files.sha256(target))
    return found


def release(folder: Path, units: dict[Unit, StoredFile], buildings: str) -> None:
    """What `sort_by_series` reads of a release."""
    rows = [
        {**unit.__dict__, "revision": 1, "rows": 1, "sha256": file.sha256}
        for unit, file in units.items()
    ]
    files.write_json(
        folder / "lineage.json", {"archive": rows, "seeds": dict.fromkeys(buildings, "")}
    )
    files.write_text(
        folder / "SHA256SUMS", f"{files.sha256(folder / HOURLY.file)}  {HOURLY.file}\n"
    )


@settings(max_examples=25)
@given(
    ARCHIVES,
    ARCHIVES,
    st.sampled_from(["a", "ab"]),
    st.sampled_from(["as it was", "damaged", "of another order"]),
)
def test_years_of_the_last_release_are_taken_over_and_the_bytes_are_those_of_sorting_all(
    then: dict[tuple[str, str], int], now: dict[tuple[str, str], int], published: str, state: str
) -> None:
    with tempfile.TemporaryDirectory() as name, connect() as database:
        folder = Path(name)
        (folder / "last").mkdir()
        before = stored(database, folder, then)
        own = {unit: file for unit, file in before.items() if unit.building_id in published}
        sort_by_series(database, own, folder / "last" / HOURLY.file, HOURLY, None)
        if state == "of another order":
            database.execute(
                f"copy (from '{folder}/last/{HOURLY.file}' order by value_mean) to '{folder}/x'"
            )
            (folder / "x").replace(folder / "last" / HOURLY.file)
        release(folder / "last", before, published)
        if state == "damaged":
            with (folder / "last" / HOURLY.file).open("ab") as file:
                file.write(b"PAR1")
        units = stored(database, folder, now)
        unchanged = {u for u, file in own.items() if units.get(u) == file}
        touched = {u.month[:4] for u in {*own, *units} - unchanged}
        if state == "as it was":
            same = _same_years(units, folder / "last", HOURLY.file)
            assert same == {u.month[:4] for u in units} - touched
        sort_by_series(database, units, folder / "all.parquet", HOURLY, None)
        sort_by_series(database, units, folder / "some.parquet", HOURLY, folder / "last")
        assert (folder / "some.parquet").read_bytes() == (folder / "all.parquet").read_bytes()
        rows = f"select * from read_parquet('{folder}/all.parquet')"
        paths = [str(file.path) for file in units.values()]
        assert (
            database.sql(rows).fetchall()
            == database.sql(f"select * from read_parquet({paths}) order by {ORDER}").fetchall()
        )


def test_a_row_group_says_which_texts_are_in_it(tmp_path: Path) -> None:
    with connect() as database:
        archive = {("a", f"2025-{month:02}"): month for month in range(1, 13)}
        units = stored(database, tmp_path, archive)
        source = f"read_parquet({[str(file.path) for file in units.values()]})"
        target = tmp_path / "wide.parquet"
        database.execute(
            f"copy (select * replace (location || n as location) from {source}, range(60) t (n)) to '{target}'"
        )
        wide = {Unit("hourly", "a", "2025-01"): StoredFile(target, files.sha256(target))}
        sort_by_series(database, wide, tmp_path / "all.parquet", HOURLY, None)
    found = pq.ParquetFile(tmp_path / "all.parquet")
    assert found.num_row_groups > 3
    for group in range(found.num_row_groups):
        rows, metadata = found.read_row_group(group), found.metadata.row_group(group)
        columns = {
            metadata.column(n).path_in_schema: metadata.column(n)
            for n in range(metadata.num_columns)
        }
        for name in TEXTS:
            texts = sorted(rows[name].unique().to_pylist())
            statistics = columns[name].statistics
            assert (statistics.min, statistics.max) == (texts[0], texts[-1])
