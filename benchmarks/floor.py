"""The floor: from the same raw files to the same hourly Parquet, checking nothing and keeping
nothing.

The same rows, columns and values as the release's `public_dataset_hourly`, which the bench
compares. So it knows the clock changes, lets the later of two readings of one moment win, and calls
the places by their public names.
"""

import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb

SEEDS = Path(__file__).resolve().parent.parent / "include/dbt/seeds"


def last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def main(raw: Path, target: Path) -> None:
    summer = " or ".join(
        f"wall_clock between '{last_sunday(year, 3)} 03:00' and '{last_sunday(year, 10)} 02:59:59'"
        for year in range(2025, 2031)
    )
    duckdb.execute("set threads = 2; set TimeZone = 'UTC'; set preserve_insertion_order = false")
    duckdb.execute(f"""
        copy (
            with lines as (
                select
                    regexp_extract(filename, '_export_(.{{4}})_', 1) as device,
                    try_strptime("Date" || ' ' || "Time", ['%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M']) as wall_clock,
                    wall_clock - to_hours(case when {summer} then 2 else 1 end) as timestamp,
                    try_cast("Temperature_Celsius" as double) as temp_indoor,
                    try_cast("Relative_Humidity(%)" as double) as humidity_indoor
                from read_csv(
                    '{raw}/*.csv', skip = 1, header = true, delim = ',', quote = '', filename = true, auto_detect = false,
                    columns = {{'Date': 'varchar', 'Time': 'varchar', 'Temperature_Celsius': 'varchar', 'Relative_Humidity(%)': 'varchar'}}
                )
            ),
            readings as (
                select device, timestamp, max_by(temp_indoor, wall_clock) as temp_indoor, max_by(humidity_indoor, wall_clock) as humidity_indoor
                from lines
                group by all
            ),
            hours as (
                select
                    date_trunc('hour', timestamp) as timestamp, device, measurement,
                    avg(value) as value_mean, stddev_samp(value) as value_std, min(value) as value_min, max(value) as value_max,
                    sum(value) as value_sum, count(*) as count
                from (unpivot readings on temp_indoor, humidity_indoor into name measurement value value)
                group by all
            )
            select
                timestamp at time zone 'UTC' as timestamp, (timestamp at time zone 'UTC' at time zone 'Europe/Prague')::date as local_date,
                'sm2' as building_id, 'ThermoPro' as source, coalesce(public_location, sensors.location) as location, hours.measurement,
                value_mean, value_std, value_min, value_max, value_sum, count
            from hours
            join read_csv('{SEEDS}/sensor_mappings.csv') as sensors on sensors.datasource_id = 'sm2_thermopro' and sensors.raw_name = hours.device
            left join read_csv('{SEEDS}/location_map.csv') as places on places.location = sensors.location
            order by 4, 5, 6, 1
        ) to '{target}' (format parquet, compression zstd)
    """)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
