-- what registers say that apartments should use, at the place of the device that measures all of them
with lasting as (
    select
        building_id,
        node_id,
        power_w,
        timestamp,
        least(
            timestamp + interval 1 hour,
            coalesce(
                lead(timestamp) over (partition by building_id, node_id order by timestamp),
                timestamp + interval 1 hour
            )
        ) as until
    from register_power
),

meters as (
    select
        dim_room.apartment_id,
        min(dim_device.location) as location
    from dim_device
    inner join dim_room using (building_id, location)
    where dim_device.is_total
    group by all
)

select
    lasting.building_id,
    meters.location,
    (lasting.timestamp at time zone dim_building.timezone)::date as local_date,
    sum(lasting.power_w * epoch(lasting.until - lasting.timestamp)) / 3600000 as reference_kwh
from lasting
inner join meters on lasting.node_id = meters.apartment_id
inner join dim_building on lasting.building_id = dim_building.building_id
inner join dim_date
    on
        lasting.building_id = dim_date.building_id
        and (lasting.timestamp at time zone dim_building.timezone)::date = dim_date.local_date
group by all
