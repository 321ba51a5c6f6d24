{{ config(materialized="parquet_batches", batches="months") }}

with contested as (
    select * from {{ ref("int_contested_readings") }}
    where {{ in_batch() }}
),

uncontested as (
    select * from {{ ref("stg_readings") }} as readings
    where
        outcome = 'reading'
        and {{ in_batch() }}
        and not exists (
            select 1 from contested
            where contested.series_id = readings.series_id and contested.timestamp = readings.timestamp
        )
)

{% set columns = [
    "timestamp", "building_id", "source", "location", "sensor_id", "measurement", "value", "quality", "source_file",
    "source_line"
] %}
select {{ columns | join(", ") }} from uncontested
union all
select {{ columns | join(", ") }} from contested
where fate = 'kept'
order by source, location, sensor_id, measurement, timestamp
