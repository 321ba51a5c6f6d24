-- Everything that is known of a series at the end of each slot (an hour, or a quarter of one): no value of a later slot is in a
-- row. Slots are counted since 1970. Given are `known` with series, slot, value; `outside` with name, slot, value; `neighbours`
-- with series, other; and `foreseen` with name, known_from, slot, value: what others forecast, from the end of which slot on.
create or replace table slots as
with spans as (
    select
        series,
        min(slot) as first
    from known
    group by series
),

grid as (
    select
        series,
        unnest(generate_series(first, $last_slot)) as slot
    from spans
),

filled as (
    select
        series,
        slot,
        known.value
    from grid
    left join known using (series, slot)
)

select
    series,
    slot,
    value,
    -- usual at this time of a day, of a week
    avg(value) over (partition by series, slot % $day order by slot rows between 6 preceding and current row) as of_day,
    avg(value) over (partition by series, slot % $week order by slot rows between 3 preceding and current row) as of_week
from filled;

create or replace table covariates as
select
    slot,
    name,
    value,
    avg(value) over (partition by name order by slot range between $day - 1 preceding and current row) as day_mean
from outside;

create or replace table points as
select
    series,
    slot,
    value,
    -- the newest value of the last day
    last_value(value ignore nulls) over day_before as last,
    lag(value, 1) over by_slot as lag_1,
    lag(value, 2) over by_slot as lag_2,
    lag(value, 3) over by_slot as lag_3,
    lag(value, $day) over by_slot as lag_day,
    avg(value) over day_before as day_mean,
    avg(value) over week_before as week_mean
from slots
window
    by_slot as (partition by series order by slot),
    day_before as (partition by series order by slot range between $day - 1 preceding and current row),
    week_before as (partition by series order by slot range between $week - 1 preceding and current row);

create or replace table near as
select
    neighbours.series,
    points.slot,
    avg(points.last order by neighbours.other) as last,
    avg(points.lag_1 order by neighbours.other) as lag_1,
    avg(points.lag_3 order by neighbours.other) as lag_3,
    avg(points.day_mean order by neighbours.other) as day_mean
from neighbours
inner join points on neighbours.other = points.series
group by all;

create or replace table calendar as
with times as (
    select
        slot,
        to_timestamp(slot * $seconds) at time zone $zone as local_time
    from (select unnest(generate_series((select min(slot) from slots), $last_slot + $ahead)) as slot) as every_slot
)

select
    slot,
    extract('hour' from local_time) + extract('minute' from local_time) / 60 as hour_of_day,
    extract('isodow' from local_time) as day_of_week
from times
