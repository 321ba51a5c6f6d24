-- The mean (or, of additive measurements, the sum) of each hour of the day, by day or by weekday.
-- Parameters: $table: hourly Parquet; $building, $source, $location, $measurement; $start, $stop:
-- instants, half open; $zone: of the building; $by_date: else by weekday.
--
-- The hour that autumn repeats is one of 23 others: two hours are pooled, and `hours` is 2.

with hours as (
    select
        timestamp at time zone $zone as local_time,
        value_mean,
        value_sum,
        count
    from read_parquet($table)
    where
        building_id = $building
        and source = $source
        and location = $location
        and measurement = $measurement
        and timestamp >= $start
        and timestamp < $stop
)

select
    if($by_date, strftime(local_time, '%Y-%m-%d'), isodow(local_time)::varchar) as day,
    hour(local_time)::integer as hour,
    if(count(*) = 1, any_value(value_mean), sum(value_sum) / sum(count)) as mean,
    sum(value_sum) as sum,
    count(*) as hours
from hours
group by all
order by all
