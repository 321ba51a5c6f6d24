with devices as (
    select distinct
        building_id,
        sensor_id,
        source,
        location
    from dim_sensor
)

select
    devices.building_id,
    devices.sensor_id,
    devices.location,
    if(
        len(string_split(devices.sensor_id, '/')) = 4, string_split(devices.sensor_id, '/')[3], devices.source
    ) as sensor_type,
    exists(
        select 1 from fact_columns
        where
            fact_columns.building_id = devices.building_id
            and fact_columns."column" = 'is_total'
            and (
                len(fact_columns.sensors) = 0
                or list_bool_or(list_transform(fact_columns.sensors, lambda pattern: devices.sensor_id glob pattern))
            )
    ) as is_total
from devices
