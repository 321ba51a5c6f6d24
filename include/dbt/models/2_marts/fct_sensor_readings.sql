{{ config(materialized="parquet_batches", batches="months") }}

{% set columns = ["timestamp", "building_id", "series_id", "mapping_id", "value", "is_outlier", "source_file", "source_line"] %}

with contested as (
    select * from {{ ref("int_contested_readings") }}
    where {{ in_batch() }}
),

kept as (
    select {{ columns | join(", ") }}
    from {{ ref("stg_cells") }} as readings
    where
        outcome = 'reading'
        and {{ in_batch() }}
        and not exists (
            select 1 from contested
            where contested.series_id = readings.series_id and contested.timestamp = readings.timestamp
        )
    union all
    select {{ columns | join(", ") }} from contested
    where fate = 'kept'
),

-- sorted while rows are narrow; the join keeps the order
sorted as (
    select * from kept
    order by series_id, timestamp
)

select
    sorted.timestamp,
    sorted.building_id,
    series.source,
    series.location,
    series.sensor_id,
    series.measurement,
    sorted.value,
    case when sorted.is_outlier then 'outlier' else 'ok' end as quality,
    sorted.source_file,
    sorted.source_line
from sorted
inner join {{ ref("stg_series") }} as series on sorted.mapping_id = series.mapping_id
