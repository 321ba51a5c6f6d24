"""Steps of counters: python benchmarks/amounts.py [--counters 600].

A month of counters that are read every minute, 600 of them 26 million readings: dbt's own models
of amounts over it, beside a plain copy of the same readings in the same process.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path[0] = str(PROJECT)

import duckdb  # noqa: E402

from include.planning.tables import READINGS_SCHEMA  # noqa: E402

MONTH = "2026-03"
PLAN = {
    "months": """select 'b.2026-03' as batch, 'b' as building_id, '2026-03' as month, 'UTC' as timezone,
        timestamptz '2026-03-01 00:00Z' as start, timestamptz '2026-04-01 00:00Z' as stop,
        3600::bigint as block_seconds, '{plan}/nothing.parquet' as carried""",
    "datasource_mappings": """select 'd' as datasource_id, 'Meter' as source_name,
        'energy_total' as measurement, '10' as gap_minutes, '4000' as max_per_hour""",
    "sensor_mappings": "select 'd' as datasource_id, null::varchar as measurement",
    "datasources_config": "select 'd' as datasource_id, 'b' as building_id",
    "measurements": """select 'energy_total' as measurement, 'W.h' as unit, 'counter' as kind,
        'energy_metered' as amount""",
    "unit_conversions": """select 'W.h' as unit, 1.0::double as scale, 'energy_metered' as
        measurement""",
}
READINGS = """select timestamptz '2026-03-01 00:00Z' + interval 1 minute * minute as timestamp, 'b' as building_id,
    'Meter' as source, 'L' || meter % 50 as location, 'S' || lpad(meter::varchar, 4, '0') as sensor_id,
    'energy_total' as measurement, (minute * 3 + hash(minute * 1000 + meter) % 3)::double + meter * 1000 as value,
    'ok' as quality, (1 + minute // 1440)::integer as source_file, minute::integer as source_line
    from range({counters}) as a (meter), range(44640) as b (minute) order by meter, minute"""


def main() -> None:
    """Print the seconds of each model, of the copy, and the memory, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counters", type=int, default=583)
    counters = parser.parse_args().counters
    with tempfile.TemporaryDirectory() as folder:
        plan, built = Path(folder) / "work/plan", Path(folder) / "work/built/readings"
        plan.mkdir(parents=True)
        built.mkdir(parents=True)
        readings = built / f"fct_sensor_readings.b.{MONTH}.parquet"
        with duckdb.connect(config={"memory_limit": "1GB", "temp_directory": folder}) as database:
            database.execute("set timezone = 'UTC'")
            database.register("nothing", READINGS_SCHEMA.empty_table())
            database.execute(f"copy nothing to '{plan}/nothing.parquet' (format parquet)")
            for name, query in PLAN.items():
                rows = query.format(plan=plan)
                database.execute(f"copy ({rows}) to '{plan}/{name}.parquet' (format parquet)")
            rows = READINGS.format(counters=counters)
            database.execute(f"copy ({rows}) to '{readings}' (format parquet, compression zstd)")
            begun = time.monotonic()
            database.execute(
                f"set threads = 1; copy (from '{readings}') to '{folder}/copy.parquet' (format parquet,"
                " compression zstd, dictionary_size_limit 4096, write_bloom_filter false)"
            )
            copied = time.monotonic() - begun
        done = subprocess.run(
            [Path(sys.executable).with_name("dbt"), "run", "--project-dir", PROJECT / "include/dbt",
             "--profiles-dir", PROJECT / "include/dbt", "--target-path", folder,
             "--select", "int_last_readings", "fct_amounts"],
            env=os.environ | {"DATA_DIR": folder},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            sys.exit(done.stdout)
        results = json.loads((Path(folder) / "run_results.json").read_text())["results"]
        seconds = {
            row["unique_id"].split(".")[-1]: round(row["execution_time"], 1) for row in results
        }
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        found = {
            "readings": counters * 44640,
            **seconds,
            "copy": round(copied, 1),
            "peak_mib": peak,
        }
        sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
