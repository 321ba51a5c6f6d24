-- The hours that each series of a building has of each local day, and the hours of the day itself:
-- 23 and 25 on the days of a clock change. A day without any hours is one row without a series.
-- Parameters: $table: hourly Parquet; $building; $zone: of the building; $first, $stop: dates, half open.

with days as (
    select
        day::date as local_date,
        date_diff('hour', day at time zone $zone, (day + interval 1 day) at time zone $zone)
            as hours_of_day
    from range($first::timestamp, $stop::timestamp, interval 1 day) as days (day)
),

present as (
    select
        source,
        location,
        measurement,
        local_date,
        count(*) as hours
    from read_parquet($table)
    where building_id = $building and local_date >= $first and local_date < $stop
    group by all
)

select
    local_date,
    hours_of_day,
    source,
    location,
    measurement,
    hours
from days
left join present using (local_date)
order by all
