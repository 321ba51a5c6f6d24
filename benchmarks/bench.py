"""`make bench`: the platform against the floor, both on the same files in the same run; writes docs/benchmarks.md.

    python benchmarks/bench.py [--months 2 15] [--years 5]

What is timed is what users run: `scripts/run.py` as a process of its own, environment ready.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

from benchmarks.generate import SENSORS, generate, write_export  # noqa: E402

FIRST = date(2025, 1, 1)
# 28 sensors make 2.4 M lines in 2 months; 23 make 15 M in 15 months.
SENSORS_OF = {2: 28}
PAGE = PROJECT / "docs/benchmarks.md"


@dataclass(frozen=True)
class Timed:
    seconds: float
    megabytes: float


def timed(*command: str | Path, **environment: str) -> Timed:
    """Wall time and peak memory of one process."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, *command], env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 2):  # 2: the drive has no ventilation exports, and the run says so
        raise SystemExit(f"{command} failed")
    return Timed(time.monotonic() - began, usage.ru_maxrss / 1024)


def month(index: int) -> date:
    return date(FIRST.year + (FIRST.month - 1 + index) // 12, (FIRST.month - 1 + index) % 12 + 1, 1)


class Installation:
    """A drive of generated files and a DATA_DIR."""

    def __init__(self, folder: Path, months: int) -> None:
        self.folder, self.months = folder, months
        self.sensors = list(SENSORS[: SENSORS_OF.get(months, 23)])
        generate(folder / "drive/raw", FIRST, months, self.sensors)
        parse = [Path(sys.executable).with_name("dbt"), "--quiet", "parse", "--project-dir", PROJECT / "include/dbt", "--profiles-dir", PROJECT / "include/dbt"]
        subprocess.run([*parse, "--profile", "sensor_platform", "--target", "embedded"], env={**os.environ, **self.environment}, check=True)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATA_DIR": str(self.folder / "data"),
            "RCLONE_CONFIG_SM2DRIVE_TYPE": "alias",
            "RCLONE_CONFIG_SM2DRIVE_REMOTE": str(self.folder / "drive"),
        }

    def run(self, as_of: date) -> Timed:
        return timed(PROJECT / "scripts/run.py", "--as-of", as_of.isoformat(), **self.environment)

    def one_more_day(self) -> tuple[Timed, Timed]:
        """The next day's files, then the same once more: the second is what Airflow and a look at the drive cost."""
        first_day = month(self.months)
        for index, sensor in enumerate(self.sensors):
            write_export(self.folder / "drive/raw", sensor, [first_day], seed=10**6 + index)
        next_day = first_day.replace(day=2)
        return self.run(next_day), self.run(next_day)

    def bytes_per_reading(self) -> tuple[float, float]:
        """Of the stored months, in Parquet and (one month) as narrow CSV."""
        paths = sorted((self.folder / "data/readings").glob("*/*.parquet"))
        rows = sum(pq.read_metadata(path).num_rows for path in paths)
        csv = self.folder / "month.csv"
        duckdb.execute(f"copy (select * from read_parquet('{paths[0]}')) to '{csv}' (format csv)")
        return sum(path.stat().st_size for path in paths) / rows, csv.stat().st_size / pq.read_metadata(paths[0]).num_rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, nargs="*", default=[2, 15])
    parser.add_argument("--years", type=int, default=0, help="also one more day on top of so many years; takes long")
    arguments = parser.parse_args()
    lines = ["| months | lines | floor | run | 2 × floor + 30 s | peak memory |", "|---:|---:|---:|---:|---:|---:|"]
    days = ["| on top of | one more day | the same again | difference |", "|---|---:|---:|---:|"]
    sizes = ""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for months in [*arguments.months, *([12 * arguments.years] if arguments.years else [])]:
            installation = Installation(Path(scratch) / str(months), months)
            raw = installation.folder / "drive/raw"
            count = sum(path.read_bytes().count(b"\n") for path in raw.iterdir())
            floors = [timed(PROJECT / "benchmarks/floor.py", raw, installation.folder / "floor.parquet").seconds for _ in range(2)]
            whole = installation.run(month(months))
            floors.append(timed(PROJECT / "benchmarks/floor.py", raw, installation.folder / "floor.parquet").seconds)
            floor = sorted(floors)[1]
            lines.append(f"| {months} | {count:,} | {floor:.1f} s | {whole.seconds:.1f} s | {2 * floor + 30:.1f} s | {whole.megabytes:,.0f} MiB |")
            if months > 12:
                day, again = installation.one_more_day()
                days.append(f"| {months} months | {day.seconds:.1f} s | {again.seconds:.1f} s | {day.seconds - again.seconds:.1f} s |")
            parquet, csv = installation.bytes_per_reading()
            sizes = f"{parquet:.2f} bytes a reading in Parquet, {csv:.1f} as narrow CSV: {csv / parquet:.0f} times smaller."
            print(lines[-1], days[-1], sizes, sep="\n", flush=True)
            shutil.rmtree(installation.folder)
        pack = {"DATA_DIR": str(Path(scratch) / "pack")}
        first, again = (timed(PROJECT / "scripts/run.py", **pack) for _ in range(2))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    PAGE.write_text(f"""# Benchmarks

Made by `make bench` (`benchmarks/bench.py`), on {os.cpu_count()} cores and {memory:.0f} GiB, Python {platform.python_version()}, DuckDB {duckdb.__version__}.
Machines are noisy: the floor is the median of three, before and after the run, and what counts are ratios.

## History at once

Minute data in the real formats. The floor is one DuckDB script from the same raw files to the same hourly Parquet that
checks nothing and keeps nothing (`benchmarks/floor.py`). The run starts with an empty `DATA_DIR` and ends with an
audited release.

{chr(10).join(lines)}

## One more day

The difference to a run that finds nothing new is what the day costs besides Airflow.

{chr(10).join(days)}

## Size

{sizes}

## The sample building

`make run` with an empty `DATA_DIR`, environment ready: {first.seconds:.1f} s; once more, nothing new: {again.seconds:.1f} s.
""")
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
