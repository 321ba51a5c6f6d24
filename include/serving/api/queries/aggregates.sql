-- The hours of one measurement, pooled by place and by window of the building's calendar.
-- Parameters: $table: hourly Parquet; $building, $measurement; $start, $stop: instants, half open;
-- $zone: of the building; $window: hour, day, week, month, or all: the whole period is one window;
-- $places: the number of the place of each location.
--
-- An hour is its own window: truncated on the clock, the two that autumn repeats would be one.
-- DuckDB evaluates date_trunc before `case`, so it gets a unit that it knows. Series by series
-- first: to count them afterwards with `distinct` takes twice as long.

with by_series as (
    select
        place,
        case $window
            when 'all' then null
            when 'hour' then epoch(timestamp)
            else
                epoch(
                    date_trunc(if($window = 'all', 'hour', $window), timestamp at time zone $zone)
                    at time zone $zone
                )
        end::bigint as t,
        source,
        location,
        any_value(value_mean) as mean,
        min(value_min) as min,
        max(value_max) as max,
        sum(value_sum) as sum,
        sum(count) as count,
        count(*) as hours
    from read_parquet($table)
    inner join (select unnest($places, recursive := true)) as places using (location)
    where
        building_id = $building
        and measurement = $measurement
        and timestamp >= $start
        and timestamp < $stop
    group by all
)

select
    place,
    t,
    if(sum(hours) = 1, any_value(mean), sum(sum) / sum(count)) as mean,
    min(min) as min,
    max(max) as max,
    sum(sum) as sum,
    sum(hours)::bigint as hours,
    count(*) as series
from by_series
group by all
order by all
