-- What several checks share. The checks read `hours`, `days` and `sensors` (see checks.py), the tables below, and
-- parameters as variables named <check>_<parameter>, from the seed health_checks.csv.

-- Times without readings of one series. A sampling interval is none, nor is what is told by empty cells.
create or replace temp table pauses as
with steps as (
    select
        *,
        lag(last_at) over series as last_before
    from hours
    window series as (partition by building_id, source, sensor_id, measurement order by hour)
)

select
    building_id,
    source,
    location,
    sensor_id,
    measurement,
    last_before as since,
    first_at as until,
    epoch(first_at - last_before) / 3600 as hours
from steps
where first_at - last_before > interval 1 hour;

-- Stretches in which a series reads the same value, by the hour: shorter ones are not looked for. A pause ends one.
create or replace temp table stills as
with steps as (
    select
        *,
        lag(last_at) over series as last_before,
        lag(last_value) over series as value_before
    from hours
    window series as (partition by building_id, source, sensor_id, measurement order by hour)
),

-- a value begins with the first reading, with another value, and after a pause
beginnings as (
    select
        * exclude (first_change, last_change),
        first_at as moment,
        first_value as value,
        case when first_at - last_before >= to_hours(getvariable('gap_min_hours')::bigint) then last_before end as ended
    from steps
    where
        last_before is null
        or first_value <> value_before
        or first_at - last_before >= to_hours(getvariable('gap_min_hours')::bigint)
    union all by name
    -- shorter stretches within an hour are left out: only its first and last change can border a longer one
    select
        * exclude (first_change, last_change),
        first_change as moment,
        last_value as value
    from steps
    where first_change > first_at
    union all by name
    select
        * exclude (first_change, last_change),
        last_change as moment,
        last_value as value
    from steps
    where last_change > first_change
),

stretches as (
    select
        building_id,
        source,
        location,
        sensor_id,
        measurement,
        moment as since,
        value,
        coalesce(
            lead(ended) over series,
            lead(moment) over series,
            max(last_at) over (partition by building_id, source, sensor_id, measurement)
        ) as until
    from beginnings
    window series as (partition by building_id, source, sensor_id, measurement order by moment)
)

select
    *,
    epoch(until - since) / 3600 as hours
from stretches
where until - since >= interval 1 hour;

-- How long a series usually stands still: only for a fiftieth of its time it does so for longer. A plant that sleeps at
-- night and at weekends does for days. What is broken must not make its own measure, so peers bound it, and a constant all.
create or replace temp table usual_stills as
with observed as (
    select
        building_id,
        source,
        sensor_id,
        measurement,
        epoch(max(last_at) - min(first_at)) / 3600 as hours
    from hours
    group by all
),

-- what a series spends at least a fiftieth of its time in
habits as (
    select
        observed.building_id,
        observed.source,
        observed.sensor_id,
        observed.measurement,
        coalesce(max(longer.hours) filter (where longer.hours_of_longer > 0.02 * observed.hours), 0) as hours
    from observed
    left join (
        select
            *,
            sum(hours) over (
                partition by building_id, source, sensor_id, measurement
                order by hours desc, since
            ) as hours_of_longer
        from stills
        where value <> 0
    ) as longer using (building_id, source, sensor_id, measurement)
    group by all
),

peers as (
    select
        building_id,
        source,
        sensor_id,
        measurement,
        least(
            getvariable('frozen_times_peers') * median(hours) over (partition by building_id, source, measurement),
            getvariable('frozen_usual_hours_max')
        ) as bound
    from habits
),

-- once more, without what no peer does
own as (
    select
        observed.building_id,
        observed.source,
        observed.sensor_id,
        observed.measurement,
        least(
            coalesce(max(longer.hours) filter (where longer.hours_of_longer > 0.02 * observed.hours), 0),
            any_value(peers.bound)
        ) as usual_hours
    from observed
    inner join peers using (building_id, source, sensor_id, measurement)
    left join (
        select
            stills.*,
            sum(stills.hours) over (
                partition by stills.building_id, stills.source, stills.sensor_id, stills.measurement
                order by stills.hours desc, stills.since
            ) as hours_of_longer
        from stills
        inner join peers using (building_id, source, sensor_id, measurement)
        where stills.value <> 0 and stills.hours <= 2 * peers.bound
    ) as longer using (building_id, source, sensor_id, measurement)
    group by all
)

select
    *,
    greatest(
        getvariable('frozen_min_hours'),
        least(getvariable('frozen_times_usual') * usual_hours, usual_hours + getvariable('frozen_hours_beyond'))
    ) as suspicious_hours
from own;
