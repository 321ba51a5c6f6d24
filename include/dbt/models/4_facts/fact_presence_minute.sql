{{ config(materialized="parquet_batches", batches="fact_months", same_bytes=true, may_be_idle=true) }}

with {{ fed("presence") }},

minutes as (
    select
        minute,
        location,
        coalesce(sum(value) filter (where "column" = 'motion_count' and is_ok), 0)::integer as motion_count,
        {{ any_fed("door_open_flag") }} as door_open_flag
    from fed
    group by minute, location
)

select
    make_timestamptz(minute * 60000000) as timestamp,
    getvariable('building_id') as building_id,
    location,
    motion_count,
    door_open_flag,
    motion_count > 0 as presence_flag
from minutes
order by location, minute
