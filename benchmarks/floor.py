"""The floor: from the same raw files to the same hourly Parquet, checking nothing and keeping nothing."""

import sys
from pathlib import Path

import duckdb


def main(raw: Path, target: Path) -> None:
    duckdb.execute("set threads = 2; set TimeZone = 'UTC'; set preserve_insertion_order = false")
    duckdb.execute(f"""
        copy (
            with lines as (
                select
                    regexp_extract(filename, '_export_(.{{4}})_', 1) as device,
                    try_strptime("Date" || ' ' || "Time", ['%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M']) at time zone 'Europe/Prague' as timestamp,
                    try_cast("Temperature_Celsius" as double) as temp_indoor,
                    try_cast("Relative_Humidity(%)" as double) as humidity_indoor
                from read_csv(
                    '{raw}/*.csv', skip = 1, header = true, delim = ',', quote = '', filename = true, auto_detect = false,
                    columns = {{'Date': 'varchar', 'Time': 'varchar', 'Temperature_Celsius': 'varchar', 'Relative_Humidity(%)': 'varchar'}}
                )
            )
            select
                date_trunc('hour', timestamp) as timestamp, device, measurement,
                avg(value) as value_mean, stddev_samp(value) as value_std, min(value) as value_min, max(value) as value_max,
                sum(value) as value_sum, count(*) as count
            from (unpivot lines on temp_indoor, humidity_indoor into name measurement value value)
            group by all
            order by device, measurement, timestamp
        ) to '{target}' (format parquet, compression zstd)
    """)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
