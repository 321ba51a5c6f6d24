"""What a release of 33 months costs to cut for pages and to serve: `python benchmarks/explorer.py
RELEASE`, a folder of a release of the sample.

Its two months are repeated 17 times, each time shifted by whole degrees: as many rows, and as many
different values, as the building has. The API runs in this process: no network is in its time.
"""

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import duckdb
from starlette.testclient import TestClient

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from include.contract.tables import file_of, tables_of  # noqa: E402
from include.core import files  # noqa: E402
from include.core.duckdb_session import for_each  # noqa: E402
from include.core.settings import Settings  # noqa: E402
from include.registry import load_registry  # noqa: E402
from include.release import explorer_data, parquet_files  # noqa: E402
from include.serving.api.app import PREFIX, create_app  # noqa: E402
from include.serving.api.limits import Limits  # noqa: E402

TIMES = 17
REQUESTS = 200
LONGER = """
    select * exclude (n) replace (
        timestamp - to_days((n * 60)::int) as timestamp,
        local_date - (n * 60)::int as local_date,
        value_mean + n as value_mean,
        value_min + n as value_min,
        value_max + n as value_max,
        value_sum + n * count as value_sum
    ) from read_parquet($path), range($times) t (n)
"""


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "releases" / given.release.resolve().name
        shutil.copytree(given.release.resolve(), folder)
        files.point(folder.parent / "latest", folder.name)
        make_longer(folder)
        series = cut(folder)
        _serve(Path(name), [one.id for one in series])
    return 0


def make_longer(folder: Path) -> None:
    """Repeat the hours and days of a release."""
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("set TimeZone = 'UTC'")
        for table in tables_of("aggregate"):
            if table.model in ("agg_hourly", "agg_daily"):
                path = folder / table.file
                rows = f"select * from ({LONGER}) order by {parquet_files.ORDER}"
                given = {"path": str(path), "times": TIMES}
                longer = path.with_suffix(".longer")
                began = time.process_time()
                parquet_files.write_in_row_groups(database.sql(rows, params=given), longer, table)
                longer.replace(path)
                print(
                    f"{table.file}: {path.stat().st_size:,} bytes, sorted and written in"
                    f" {time.process_time() - began:.1f} processor seconds"
                )


def cut(folder: Path, *, write: bool = False) -> list[explorer_data.Series]:
    """Make the packs of a release, and its index; `write`: put them in place."""
    registry = load_registry(PROJECT / "include/dbt/seeds")
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("set TimeZone = 'UTC'")
        began, processor = time.perf_counter(), time.process_time()
        series = explorer_data.series_of(database, folder)
        years = {(one.building_id, year) for one in series for year in one.packs}
        packs = for_each(
            database,
            [explorer_data.Year(*year, "") for year in sorted(years)],
            lambda cursor, year: explorer_data.year_packs(
                cursor, folder, year, series, registry.measurements
            ),
        )
        size = sum(len(text) for own in packs for text in own.values())
        print(
            f"explorer/data: {sum(map(len, packs))} packs of {len(series)} series in"
            f" {time.perf_counter() - began:.1f} s, {time.process_time() - processor:.1f}"
            f" processor seconds, {size:,} bytes"
        )
    if write:
        for (building_id, year), own in zip(sorted(years), packs, strict=True):
            for number, text in own.items():
                name = f"{building_id}/{year}/{number}.json"
                files.write_text(folder / explorer_data.FOLDER / name, text)
    index = folder / explorer_data.FOLDER / "index.json"
    content = files.read_json(index)
    content["series"] = [one.__dict__ for one in series]
    files.write_json(index, content)
    return series


def _serve(data_dir: Path, names: list[str]) -> None:
    settings = replace(Settings.from_environment(), data_dir=data_dir)
    api, chance = TestClient(create_app(settings, Limits(rate=1e9))), random.Random(1)
    took = []
    began = time.process_time()
    for _ in range(REQUESTS):
        start = f"{chance.choice((2023, 2024))}-{chance.randint(6, 12):02}-01"
        query = f"series={chance.choice(names)}&datetime={start}/P1Y&grain=1h&max_points=9000"
        asked = time.perf_counter()
        answered = api.get(f"{PREFIX}/buildings/sm2/data?{query}")
        took.append(1000 * (time.perf_counter() - asked))
        assert answered.status_code == 200, answered.text
    processor = 1000 * (time.process_time() - began) / REQUESTS
    print(
        f"a year of hours, {file_of('agg_hourly')}: median {statistics.median(took):.0f} ms, p95"
        f" {statistics.quantiles(took, n=20)[-1]:.0f} ms, {processor:.1f} ms of processor time a"
        " request, the client's share among them"
    )


if __name__ == "__main__":
    sys.exit(main())
