-- One row for each series of a building's year: its hours and its days, as JSON.
-- Parameters: $hourly, $daily: Parquet of the release; $building; $first, $last: dates of the year;
-- $measurements: of each measurement its name, decimals, and whether its values are added up.
--
-- A list holds the first value and then the differences to the value before, in units of the last
-- decimal; null where there is none. A series with values too large for that has fewer decimals.

with shown as (
    select unnest($measurements, recursive := true)
),

hours as (
    select
        source,
        location,
        measurement,
        timestamp,
        if(is_added, value_sum, value_mean) as value
    from read_parquet($hourly)
    inner join shown using (measurement)
    where building_id = $building and local_date between $first and $last
),

grouped as (
    select
        source,
        location,
        measurement,
        any_value(is_added) as is_added,
        least(any_value(shown.decimals), 14 - ceil(log10(greatest(max(abs(value)), 1)))::int) as decimals,
        min(timestamp) as start
    from hours
    inner join shown using (measurement)
    group by all
),

series as materialized (
    select
        row_number() over (order by source, location, measurement) as number,
        *,
        power(10, decimals) as scale
    from grouped
),

-- a step with the gap before it
hourly_steps as (
    select
        number,
        timestamp,
        round(value * scale)::bigint as scaled,
        scaled - lag(scaled, 1, 0) over one_series as step,
        date_diff('hour', lag(timestamp) over one_series, timestamp) - 1 as gap
    from hours
    inner join series using (source, location, measurement)
    window one_series as (partition by number order by timestamp)
),

of_hours as (
    select
        number,
        flatten(list(
            if(gap > 0, list_concat(list_resize([]::bigint[], gap), [step]), [step]) order by timestamp
        )) as steps
    from hourly_steps
    group by number
),

days as (
    select
        number,
        local_date,
        round(if(is_added, value_sum, value_mean) * scale)::bigint as value,
        if(is_added, null, round(value_min * scale)::bigint) as lowest,
        if(is_added, null, round(value_max * scale)::bigint) as highest,
        count
    from read_parquet($daily)
    inner join series using (source, location, measurement)
    where building_id = $building and local_date between $first and $last
),

daily_steps as (
    select
        number,
        local_date,
        value - lag(value, 1, 0) over one_series as value,
        lowest - lag(lowest, 1, 0) over one_series as lowest,
        highest - lag(highest, 1, 0) over one_series as highest,
        count - lag(count, 1, 0) over one_series as count,
        list_resize([]::bigint[], coalesce(local_date - lag(local_date) over one_series - 1, 0)) as gap
    from days
    window one_series as (partition by number order by local_date)
),

of_days as (
    select
        number,
        to_json({
            'start': strftime(min(local_date), '%Y-%m-%d'),
            'value': flatten(list(list_append(gap, value) order by local_date)),
            'min': flatten(list(list_append(gap, lowest) order by local_date)),
            'max': flatten(list(list_append(gap, highest) order by local_date)),
            'count': flatten(list(list_append(gap, count) order by local_date))
        }) as days
    from daily_steps
    group by number
)

select
    source,
    location,
    measurement,
    decimals,
    to_json({'start': epoch(start)::bigint, 'step': 3600, 'value': steps}) as hours,
    days
from series
inner join of_hours using (number)
left join of_days using (number)
order by number
