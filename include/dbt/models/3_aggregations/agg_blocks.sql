{{ config(materialized="parquet_batches", batches="windows", compression="snappy") }}

-- values are summed in order of size, so that neither threads nor the order of rows move the last bits
with blocks as (
    select
        epoch_us(timestamp) // (getvariable('block_seconds') * 1000000) as number,
        source,
        location,
        measurement,
        list_sort(list(value)) as readings
    from read_parquet(getvariable('readings'))
    where
        quality = 'ok'
        and not list_contains(getvariable('left_out'), measurement)
        and timestamp >= getvariable('start')
        and timestamp < least(getvariable('stop'), getvariable('as_of'))
    group by all
)

select
    getvariable('building_id') as building_id,
    make_timestamptz(number * getvariable('block_seconds') * 1000000) as block,
    source,
    location,
    measurement,
    readings[1] as value_min,
    readings[-1] as value_max,
    list_sum(readings) as value_sum,
    len(readings) as count,
    list_var_pop(readings) * len(readings) as squares
from blocks
