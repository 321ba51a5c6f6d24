{{ config(materialized="parquet_batches", batches="windows") }}

select
    getvariable('batch') as batch,
    getvariable('building_id') as building_id,
    time_bucket(interval '15 minutes', timestamp) as quarter_hour,
    source,
    location,
    measurement,
    min(value) as value_min,
    max(value) as value_max,
    sum(value order by timestamp, value) as value_sum,
    count(*) as count,
    var_pop(value order by timestamp, value) * count(*) as squares
from read_parquet(getvariable('readings'))
where
    quality = 'ok'
    and timestamp >= getvariable('start')
    and timestamp < least(getvariable('stop'), getvariable('as_of'))
group by quarter_hour, source, location, measurement
order by source, location, measurement, quarter_hour
