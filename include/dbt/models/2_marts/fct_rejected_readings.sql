{{ config(materialized="parquet_batches", batches="months") }}

with rejected as (
    select
        *,
        'unparsable' as reason
    from {{ ref("stg_cells") }}
    where outcome = 'unparsable' and {{ in_batch() }}
    union all by name
    select
        * exclude (fate),
        'superseded' as reason
    from {{ ref("int_contested_readings") }}
    where fate = 'superseded' and {{ in_batch() }}
)

select
    rejected.timestamp,
    rejected.building_id,
    series.source,
    series.location,
    series.sensor_id,
    series.measurement,
    rejected.value,
    rejected.raw_value,
    rejected.source_file,
    rejected.source_line,
    rejected.reason
from rejected
inner join {{ ref("stg_series") }} as series on rejected.mapping_id = series.mapping_id
order by rejected.source_file, rejected.source_line, series.measurement, rejected.reason
