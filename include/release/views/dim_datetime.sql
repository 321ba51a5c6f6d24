with spans as (
    select
        building_id,
        min(timestamp) as first,
        max(timestamp) as last
    from public_dataset_raw
    group by building_id
),

minutes as (
    select
        spans.building_id,
        dim_building.timezone,
        unnest(
            generate_series(
                make_timestamptz(epoch_us(spans.first) // 60000000 * 60000000), spans.last, interval 1 minute
            )
        ) as timestamp
    from spans
    inner join dim_building on spans.building_id = dim_building.building_id
),

local_times as (
    select
        *,
        timestamp at time zone timezone as local_time
    from minutes
)

select
    timestamp,
    building_id,
    local_time::date as local_date,
    hour(local_time)::integer as hour,
    minute(local_time)::integer as minute,
    timestamp - to_minutes(minute(local_time)) as hour_start,
    (epoch(local_time - timestamp at time zone 'UTC') / 60)::integer as utc_offset
from local_times
