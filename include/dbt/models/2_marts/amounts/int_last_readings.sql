{{
    config(
        materialized="parquet_batches",
        batches="amount_months",
        same_bytes=true,
        pre_hook="{{ enums_of_amounts() }}",
    )
}}

with {{ readings_of_amounts() }},

last_ones as (
    select in_order.*
    from in_order
    inner join accumulating on in_order.quantity_id = accumulating.quantity_id
    where
        not in_order.has_later
        and accumulating.kind <> 'event'
)

select
    make_timestamptz(instant) as timestamp,
    source,
    location,
    sensor_id,
    measurement,
    value,
    source_file,
    source_line
from (
    from last_ones
    union all by name
    from carried
    where series not in (select last_ones.series from last_ones)
) as found
order by source, sensor_id, measurement
