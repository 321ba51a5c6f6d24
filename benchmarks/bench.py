"""`make bench`: the platform against the floor, both on the same files in the same run; writes
docs/benchmarks.md.

    python benchmarks/bench.py [--months 2 15] [--years 5]

What is timed is what users run: `cli/run.py` as a process of its own, environment ready.
"""

import argparse
import contextlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pyarrow.parquet as pq
from docker.errors import DockerException

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from benchmarks.campus import write_campus  # noqa: E402
from benchmarks.containers import SECRET, running  # noqa: E402
from benchmarks.generate import SENSORS, generate, write_export  # noqa: E402
from benchmarks.timed import Timed, timed  # noqa: E402
from include.core.paths import DataPaths  # noqa: E402
from include.core.settings import Settings  # noqa: E402
from include.engines.containers import docker_client  # noqa: E402
from include.engines.graph.neo4j import Neo4j  # noqa: E402
from include.engines.timeseries.influxdb import InfluxDB  # noqa: E402
from include.engines.timeseries.influxdb import client as influxdb  # noqa: E402
from include.ledger.ledger import Ledger  # noqa: E402
from include.monitoring import health  # noqa: E402
from include.monitoring.rules import load_rules  # noqa: E402
from include.planning.plan import plan_windows  # noqa: E402
from include.planning.tables import write_windows_plan  # noqa: E402
from include.registry import Run, load_registry  # noqa: E402
from include.store.archive import inputs_of, same_values  # noqa: E402
from include.store.store import Store  # noqa: E402

FIRST = date(2021, 1, 1)  # five years end before today
INDOOR = "drive/Indoor/Latest/Upload"
# 28 sensors make 2.4 M lines in 2 months; 23 make 15 M in 15 months.
SENSORS_OF = {1: 1, 2: 28}
PAGE = PROJECT / "docs/benchmarks.md"


def month(index: int) -> date:
    return date(FIRST.year + (FIRST.month - 1 + index) // 12, (FIRST.month - 1 + index) % 12 + 1, 1)


class Installation:
    """A drive of generated files and a DATA_DIR: whole months and twelve days.

    (Only the 13th is unambiguous.)
    """

    def __init__(self, folder: Path, months: int) -> None:
        self.folder, self.months = folder, months
        self.sensors = list(SENSORS[: SENSORS_OF.get(months, 23)])
        generate(folder / INDOOR, FIRST, months, self.sensors)
        self.today = month(months).replace(day=13)
        self.write_days(range(1, 13))

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATA_DIR": str(self.folder / "data"),
            "RCLONE_CONFIG_SM2DRIVE_TYPE": "alias",
            "RCLONE_CONFIG_SM2DRIVE_REMOTE": str(self.folder / "drive"),
        }

    @property
    def settings(self) -> Settings:
        return replace(Settings.from_environment(), data_dir=self.folder / "data")

    def write_days(self, days: Iterable[int]) -> None:
        for index, sensor in enumerate(self.sensors):
            write_export(
                self.folder / INDOOR,
                sensor,
                [self.today.replace(day=day) for day in days],
                seed=10**6 + 100 * min(days) + index,
            )

    def run(self) -> Timed:
        took = timed(PROJECT / "cli/run.py", "--as-of", self.today.isoformat(), **self.environment)
        if refused := Ledger.read(DataPaths(self.folder / "data")).refused():
            raise SystemExit(f"{refused[0].path} was refused: {refused[0].reasons}")
        return took

    def floor(self) -> float:
        """Seconds of the floor over all files; once there is a release, compared with it."""
        made, released = (
            self.folder / "floor.parquet",
            self.folder / "data/releases/latest/public_dataset_hourly.parquet",
        )
        seconds = timed(PROJECT / "benchmarks/floor.py", self.folder / INDOOR, made).seconds
        if released.exists() and not same_values(self.settings, released, made):
            raise SystemExit("the floor makes other hours than the release")
        return seconds

    def one_more_day(self) -> Timed:
        self.write_days([self.today.day])
        self.today = self.today + timedelta(days=1)
        return self.run()

    def bytes_per_reading(self) -> tuple[float, float]:
        """Of the stored months, in Parquet and (one month) as narrow CSV."""
        paths = sorted((self.folder / "data/readings").glob("*/*.parquet"))
        rows = sum(pq.read_metadata(path).num_rows for path in paths)
        csv = self.folder / "month.csv"
        duckdb.execute(f"copy (select * from read_parquet('{paths[0]}')) to '{csv}' (format csv)")
        return (
            sum(path.stat().st_size for path in paths) / rows,
            csv.stat().st_size / pq.read_metadata(paths[0]).num_rows,
        )


def in_monitoring(installation: Installation) -> float:
    """Seconds of all checks over the floating window, when the current month is a day longer."""
    settings = installation.settings
    registry, rules = load_registry(settings.seeds_dir), load_rules(settings.seeds_dir)
    now = datetime.combine(installation.today, datetime.min.time(), UTC)
    for hours in (settings.paths.work / "health").glob(f"*.{installation.today:%Y-%m}.*"):
        hours.unlink()
    began = time.monotonic()
    health.look(Run(settings, registry, now), rules, now)
    return time.monotonic() - began


def in_influxdb(installation: Installation) -> str:
    """What the same readings cost in InfluxDB.

    Raises DockerException where there is no daemon or no image.
    """
    settings, spent = installation.settings, {}
    registry = load_registry(settings.seeds_dir)
    now = datetime.combine(installation.today, datetime.min.time(), UTC)
    stored, building = Store(settings).readings_manifest, registry.buildings[0]
    windows = plan_windows(building, [month for _, month in stored], now)
    write_windows_plan(settings, windows, inputs_of(settings, windows), now)
    readings = sum(entry.rows for entry in stored.values())
    load = influxdb._load

    def timed_load(*arguments: Any) -> None:
        began = time.monotonic()
        load(*arguments)
        spent["load"] = time.monotonic() - began

    influxdb._load = timed_load
    began = time.monotonic()
    with running(docker_client(settings.docker_url), InfluxDB().service(settings)) as address:
        ready = time.monotonic() - began
        version = influxdb.aggregate(settings, f"http://{address}", SECRET)
        whole = time.monotonic() - began - ready
    return (
        f"{version}: container ready in {ready:.1f} s; {readings:,} readings loaded in"
        f" {spent['load']:.1f} s ({readings / spent['load']:,.0f} a second, value and square"
        f" counted as one), loaded, verified and aggregated to four grains in {whole:.1f} s."
    )


def on_campus(folder: Path) -> list[str]:
    """Loading and exporting 50 buildings, in both graph engines, each in a process of its own."""
    lines = ["| engine | sensors | time | memory, at most |", "|---|---:|---:|---:|"]
    for sensors in (1_000, 10_000):
        seeds = write_campus(folder / f"campus{sensors}", 50, sensors)
        environment = {"DATA_DIR": str(folder / f"campus-data{sensors}")}
        took = timed(PROJECT / "benchmarks/build_campus.py", seeds, **environment)
        lines.append(
            f"| Ladybug | {sensors:,} | {took.seconds:.1f} s | {took.megabytes:,.0f} MiB |"
        )
        with contextlib.suppress(DockerException):
            settings = Settings.from_environment()
            with running(docker_client(settings.docker_url), Neo4j().service(settings)) as address:
                took = timed(
                    PROJECT / "benchmarks/build_campus.py", seeds, address, SECRET, **environment
                )
            lines.append(
                f"| Neo4j (container limited to 1,500 MiB) | {sensors:,} | {took.seconds:.1f} s |"
                f" {took.megabytes:,.0f} MiB |"
            )
    return lines


def one_more_day(long: list[Installation], folder: Path) -> list[str]:
    """The median of five days, taken in turns, for a machine is slower at one time than at
    another.
    """
    small = Installation(folder, 1)
    small.run()
    took: dict[Installation, list[float]] = {installation: [] for installation in (small, *long)}
    for _ in range(5):
        for installation, seconds in took.items():
            seconds.append(installation.one_more_day().seconds)
    tasks, *days = (median(seconds) for seconds in took.values())
    return [
        f"| {installation.months} months | {day:.1f} s | {tasks:.1f} s | {day - tasks:.1f} s |"
        f" {installation.run().seconds:.1f} s | {in_monitoring(installation):.1f} s |"
        for installation, day in zip(long, days, strict=True)
    ]


def of_many_buildings(folder: Path, counts: Iterable[int]) -> list[str]:
    """A table of whole runs of so many buildings, on an empty `DATA_DIR` each; and of a run of one
    building that has a new day.
    """
    lines = [
        "| buildings | readings | run | processor | of it a building | peak memory | a new day of one |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for count in counts:
        place = folder / f"many{count}"
        command = (PROJECT / "benchmarks/many.py", place, "--buildings", str(count))
        run = timed(*command)
        one = timed(*command, "--new-day", "b000")
        lines.append(
            f"| {count} | {count * 31 * 24 * 20:,} | {run.seconds:.0f} s | {run.processor:.0f} s |"
            f" {run.processor / count:.2f} s | {run.megabytes:,.0f} MiB | {one.seconds:.0f} s |"
        )
        print(lines[-1], flush=True)
        shutil.rmtree(place)
    return lines


def said_by(name: str, *arguments: Path | str) -> str:
    """What a benchmark of its own prints."""
    return subprocess.run(
        [sys.executable, PROJECT / f"benchmarks/{name}.py", *arguments],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--months", type=int, nargs="*", default=[2, 15])
    parser.add_argument(
        "--years", type=int, default=0, help="also one more day on top of so many years; takes long"
    )
    parser.add_argument("--buildings", type=int, nargs="*", default=[1, 50, 500])
    arguments = parser.parse_args()
    influx = "Not measured: no Docker daemon, or no image."
    lines = [
        "| months | lines | floor | run | 2 × floor + 30 s | peak memory |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    days = [
        (
            "| on top of | one more day | the same on one sensor's month | difference | the same"
            " again, nothing new | checks of monitor_quality |"
        ),
        "|---|---:|---:|---:|---:|---:|",
    ]
    sizes, long = "", []
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for months in [*arguments.months, *([12 * arguments.years] if arguments.years else [])]:
            installation = Installation(Path(scratch) / str(months), months)
            count = sum(
                path.read_bytes().count(b"\n") for path in (installation.folder / INDOOR).iterdir()
            )
            floors = [installation.floor(), installation.floor()]
            whole = installation.run()
            floors.append(installation.floor())
            floor = median(floors)
            lines.append(
                f"| {months} | {count:,} | {floor:.1f} s | {whole.seconds:.1f} s |"
                f" {2 * floor + 30:.1f} s | {whole.megabytes:,.0f} MiB |"
            )
            if months == 2:
                with contextlib.suppress(DockerException):
                    influx = in_influxdb(installation)
            parquet, csv = installation.bytes_per_reading()
            sizes = (
                f"{parquet:.2f} bytes a reading in Parquet, {csv:.1f} as narrow CSV:"
                f" {csv / parquet:.0f} times smaller."
            )
            print(lines[-1], sizes, sep="\n", flush=True)
            if months > 12:
                long.append(installation)
            else:
                shutil.rmtree(installation.folder)
        if long:
            days += one_more_day(long, Path(scratch) / "one")
        campus = on_campus(Path(scratch))
        many = of_many_buildings(Path(scratch), arguments.buildings)
        packs, amounts, facts = (said_by(name) for name in ("packs", "amounts", "facts"))
        forecasts = said_by("forecasts", "--cost")
        pack = {"DATA_DIR": str(Path(scratch) / "pack")}
        first, again = (timed(PROJECT / "cli/run.py", **pack) for _ in range(2))
        release = Path(scratch) / "pack/releases/latest"
        explorer = said_by("explorer", release) + "\n\n" + said_by("explorer_load", release)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    PAGE.write_text(f"""# Benchmarks

Made by `make bench` (`benchmarks/bench.py`), on {os.cpu_count()} cores and {memory:.0f} GiB, Python {platform.python_version()}, DuckDB {duckdb.__version__}.
Machines are noisy: the floor is the median of three, before and after the run, and what counts are ratios.

## History at once

Minute data in the real formats. The floor is one DuckDB script from the same raw files to the same hourly Parquet that
checks nothing and keeps nothing (`benchmarks/floor.py`); the bench compares its rows and values with the release's. The
run starts with an empty `DATA_DIR` and ends with an audited release.

{chr(10).join(lines)}

## One more day

Every task of both DAGs runs, and starts dbt twice, whether a day brings much or little. So the same day of a drive with
one sensor and one month is what Airflow and dbt cost, and the difference to it is what the data cost: medians of five days,
taken in turns on all drives. A run that finds nothing new skips most tasks.

{chr(10).join(days)}

## InfluxDB

Two months of the above. {influx}

## The graph

A generated campus of 50 buildings, from the seeds to Parquet. The system counts the bench's own memory with that of a
process it starts, so a smaller one shows as large as the bench.

{chr(10).join(campus)}

## Many buildings

Generated: a file with a month of hourly readings of 20 sensors each (`python benchmarks/many.py FOLDER --buildings 500`), read, checked,
aggregated and published in one release. Then one of them has a new day, and is run alone (`--building`).

{chr(10).join(many)}

## Many small files

Two apartments send a JSON document a minute. What the platform does with them after rclone has listed and copied them: verify, pack,
validate, register; each apartment in a process of its own, as their tasks are (`python benchmarks/packs.py`).

{packs}

## Counters

26 million readings of 583 counters, one a minute through a month, become steps: the models as DuckDB runs them, beside a copy of the
same Parquet with one thread, which is what they write with (`python benchmarks/amounts.py`).

{amounts}

## Facts

A month of 16 rooms that send fourteen values a minute, 10 million, becomes the star schema: the models as DuckDB runs them, beside a
copy of the readings with one thread (`python benchmarks/facts.py`).

{facts}

## Forecasts

A generated year by the hour and ten weeks by the quarter of an hour: models are trained, compared over four weeks, and say what comes
(`python benchmarks/forecasts.py --cost`). What they are worth: [forecasts](forecasts.md).

{forecasts}

## Explorer and API

The two months of the sample repeated to 33 (`python benchmarks/explorer.py RELEASE`), then asked over HTTP, and opened in a browser as a static
copy whose host compresses (`python benchmarks/explorer_load.py RELEASE`).

{explorer}

## Size

{sizes}

## The sample building

`make run` with an empty `DATA_DIR`, environment ready: {first.seconds:.1f} s; once more, nothing new: {again.seconds:.1f} s.
""")
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
