-- What the checks look at: one row per sensor, measurement and UTC hour of a building's month, in the order of the file.
--
-- $readings  a month of readings, sorted by sensor, measurement and time; so the reading before is the row before
with readings as (
    select
        *,
        lag(value) over () as value_before,
        lead(value) over () as value_after,
        lag(sensor_id) over () = sensor_id and lag(measurement) over () = measurement as goes_on,
        lead(sensor_id) over () = sensor_id and lead(measurement) over () = measurement as is_followed
    from read_parquet($readings)
),

judged as (
    select
        *,
        goes_on and value <> value_before as changes,
        -- an excursion leaves and comes back
        case
            when goes_on and is_followed and (value - value_before) * (value - value_after) > 0
                then least(abs(value - value_before), abs(value - value_after))
        end as excursion
    from readings
)

select
    building_id,
    source,
    location,
    sensor_id,
    measurement,
    to_timestamp(epoch_us(timestamp) // 3600000000 * 3600) as hour, -- a third quicker than date_trunc
    count(*) as row_count,
    count_if(quality = 'outlier') as outlier_count,
    min(value) as value_min,
    max(value) as value_max,
    avg(value) as value_mean,
    min(timestamp) as first_at,
    max(timestamp) as last_at,
    arg_min(value, timestamp) as first_value,
    arg_max(value, timestamp) as last_value,
    min(timestamp) filter (where changes) as first_change,
    max(timestamp) filter (where changes) as last_change,
    max(excursion) as excursion,
    arg_max(timestamp, excursion) as excursion_at
from judged
group by all
order by all
