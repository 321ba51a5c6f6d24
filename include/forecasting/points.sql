-- Everything that is known of a series at the end of each hour: no value of a later hour is in a row. Hours are counted since
-- 1970. Given are `known` with series, hour, value, and `outside` with name, hour, value.
create or replace table hours as
with spans as (
    select
        series,
        min(hour) as first
    from known
    group by series
),

grid as (
    select
        series,
        unnest(generate_series(first, $last_hour)) as hour
    from spans
)

select
    series,
    hour,
    known.value
from grid
left join known using (series, hour);

create or replace table covariates as
select
    hour,
    name,
    value,
    avg(value) over (partition by name order by hour range between 23 preceding and current row) as day_mean
from outside;

create or replace table points as
select
    series,
    hour,
    value,
    -- the newest value of the last day
    last_value(value ignore nulls) over day_before as last,
    lag(value, 1) over by_hour as lag_1,
    lag(value, 2) over by_hour as lag_2,
    lag(value, 3) over by_hour as lag_3,
    lag(value, 24) over by_hour as lag_24,
    avg(value) over day_before as day_mean,
    avg(value) over week_before as week_mean
from hours
window
    by_hour as (partition by series order by hour),
    day_before as (partition by series order by hour range between 23 preceding and current row),
    week_before as (partition by series order by hour range between 167 preceding and current row);

create or replace table calendar as
select
    hour,
    extract('hour' from to_timestamp(hour * 3600) at time zone $zone) as hour_of_day,
    extract('isodow' from to_timestamp(hour * 3600) at time zone $zone) as day_of_week
from (select unnest(generate_series((select min(hour) from hours), $last_hour + $hours)) as hour) as every_hour
