{{ config(materialized="parquet_batches", batches="months") }}

with rejected as (
    select
        *,
        'unparsable' as reason
    from {{ batch_of(ref("stg_cells")) }}
    where outcome = 'unparsable'
    union all by name
    select
        * exclude (fate),
        'superseded' as reason
    from {{ batch_of(ref("int_contested_readings")) }}
    where fate = 'superseded'
)

select
    rejected.timestamp,
    getvariable('building_id') as building_id,
    series.source,
    series.location,
    series.sensor_id,
    series.measurement,
    rejected.value,
    rejected.raw_text as raw_value,
    rejected.source_file,
    rejected.source_line,
    rejected.reason
from rejected
inner join {{ ref("stg_series") }} as series on rejected.mapping_id = series.mapping_id
order by rejected.source_file, rejected.source_line, series.measurement, rejected.reason
