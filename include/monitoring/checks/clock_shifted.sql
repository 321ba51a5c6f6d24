-- A sensor's clock is an hour off.
--
-- What happens: a logger keeps winter time, or is set by hand. Every value is right, and an hour too early or too late.
-- The obvious test, a jump of the time stamps, sees nothing: they are regular. But the building breathes together: heating,
-- sun and people move all rooms in the same hours. So the hourly changes of a sensor are correlated with the median of
-- its peers, as they are and moved by an hour or two. A room that always lags, behind thick walls, is not off: the lag is
-- held against the sensor's usual one. Five days at a time, moved on by a day.
-- What slips through: less than five days; sources of fewer than four sensors; rooms that do not move.
with changes as (
    select
        building_id,
        source,
        sensor_id,
        measurement,
        hour,
        (hour at time zone getvariable('timezone'))::date as local_date,
        value_mean - lag(value_mean) over (partition by building_id, source, sensor_id, measurement order by hour) as change
    from hours
),

peers as (
    select
        building_id,
        source,
        measurement,
        hour,
        median(change) as change
    from changes
    group by all
    having count(change) >= 4
),

moved as (
    select
        peers.* replace (peers.hour + to_hours(lags.lag) as hour),
        lags.lag
    from peers
    cross join (select unnest([-2, -1, 0, 1, 2]) as lag) as lags
),

blocks as (
    select
        changes.building_id,
        changes.source,
        changes.sensor_id,
        changes.measurement,
        moved.lag,
        date_diff('day', date '2000-01-01', changes.local_date) - changes.back as block,
        min(changes.hour) as since,
        max(changes.hour) + interval 1 hour as until,
        count_if(changes.change <> 0) as moving_hours,
        corr(changes.change, moved.change) as correlation
    from (select *, unnest(range(0, getvariable('clock_shifted_days')::bigint))::integer as back from changes) as changes
    inner join moved using (building_id, source, measurement, hour)
    where changes.change is not null
    group by all
),

best as (
    select
        building_id,
        source,
        sensor_id,
        measurement,
        block,
        min(since) as since,
        max(until) as until,
        max(moving_hours) filter (where lag = 0) as moving_hours,
        arg_max(lag, correlation) as lag,
        max(correlation) as correlation,
        max(correlation) filter (where lag = 0) as as_it_is
    from blocks
    where isfinite(correlation)
    group by all
),

usual as (
    select
        building_id,
        source,
        sensor_id,
        measurement,
        mode(lag) as usual_lag
    from best
    group by all
    -- who does not go with the others cannot be told by them
    having median(correlation) >= getvariable('clock_shifted_min_correlation')
),

shifted as (
    select
        best.*,
        usual.usual_lag,
        count(*) over (
            partition by best.building_id, best.source, best.sensor_id, best.measurement, best.lag
            order by best.block
            range between 2 preceding and 2 following
        ) as together
    from best
    inner join usual using (building_id, source, sensor_id, measurement)
    where
        best.lag <> 0
        and best.lag <> usual.usual_lag
        and best.moving_hours >= 24 * getvariable('clock_shifted_days') * getvariable('clock_shifted_min_moving')
        and best.correlation >= getvariable('clock_shifted_min_correlation')
        and best.correlation - best.as_it_is >= getvariable('clock_shifted_min_gain')
)

select
    building_id,
    source,
    sensor_id,
    measurement,
    since,
    until,
    false as is_error,
    format('{:+d} h: correlation with its peers {:.2f}, as it is {:.2f}', lag, correlation, as_it_is) as evidence
from shifted
where together >= getvariable('clock_shifted_min_stretches')
