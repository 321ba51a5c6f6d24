-- hours as the old job named them: by their end, on the wall clock of the building with UTC written on it;
-- the hour that comes twice was one
with named as (
    select
        (timestamp at time zone $timezone + interval 1 hour) at time zone 'UTC' as time,
        location,
        source,
        aggregation,
        measurement as data_key,
        sum(value_sum) as value_sum,
        case
            when count(*) = 1 then any_value(value_mean)
            else sum(value_mean * "count") / sum("count")
        end as value_mean
    from public_dataset_hourly
    inner join dim_measurement using (measurement)
    where building_id = $building_id
    group by all
)

select
    time,
    location,
    source,
    aggregation as measurement,
    data_key,
    case aggregation when 'additive' then value_sum else value_mean end as data_value
from named
