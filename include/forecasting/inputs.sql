-- What a row of forecasts.csv needs of a release, up to its last slot. `of_row` is replaced by the row's name. Slots are
-- counted since 1970.
create table series_of_row as
select
    row_number() over (order by source, location) as series,
    source,
    location
from (
    select distinct
        source,
        location
    from recent
    where
        measurement = $measurement
        and (len($globs) = 0 or exists(select 1 from unnest($globs) as globs (one) where location glob one))
) as found;

create table known_of_row as
select
    series,
    epoch(timestamp)::bigint // $seconds as slot,
    if($is_additive, value_sum, value_mean) as value
from recent
inner join series_of_row using (source, location)
where measurement = $measurement and epoch(timestamp) < $end;

-- an hour is known at its end, and until that of the next one
create table outside_of_row as
select
    measurement as name,
    (epoch(timestamp)::bigint + 3600) // $seconds - 1 + step as slot,
    avg(value_mean order by source, location) as value
from recent
cross join range(3600 // $seconds) as steps (step)
where list_contains($covariates, measurement) and measurement <> 'presence' and slot < $end // $seconds
group by all;

create table neighbours_of_row as
select distinct
    own.series,
    other.series as other
from beside
inner join series_of_row as own on beside.location = own.location
inner join series_of_row as other on beside.other = other.location
where own.series <> other.series;

-- the runs of a day are here so many hours after it; the newest of them counts, the mean of all sites
create table foreseen_of_row as
with runs as (
    select
        measurement as name,
        site,
        epoch(date_trunc('day', issue_time at time zone 'UTC'))::bigint + (24 + $delay) * 3600 as known_at,
        epoch(timestamp)::bigint // $seconds as slot,
        arg_max(value, issue_time) as value
    from weather
    where list_contains($weather, measurement) and not is_outlier
    group by all
)

select
    name,
    ceil(known_at / $seconds)::bigint - 1 as known_from,
    slot + step as slot,
    avg(value order by site) as value
from runs
cross join range(3600 // $seconds) as steps (step)
where known_at <= $end
group by all
