-- A sensor scatters far more than it used to.
--
-- What happens: a loose contact, moisture in the probe, a heater switched beside it.
-- The obvious test, the day's standard deviation, rises with every warm front and every opened window. So the spread within
-- an hour is taken, the median of the day's hours, and held against the same of the two weeks before: a window is open in
-- two hours of a day, a loose contact in all.
-- What slips through: sources with fewer than three readings an hour; scatter for less than half a day.
with spreads as (
    select
        building_id,
        source,
        sensor_id,
        measurement,
        (hour at time zone getvariable('timezone'))::date as local_date,
        min(first_at) as since,
        max(last_at) as until,
        median(value_max - value_min) as spread
    from hours
    where row_count >= getvariable('noisy_min_rows_an_hour')
    group by all
    having count(*) >= 12
),

compared as (
    select
        *,
        median(spread) over before as usual_spread,
        count(*) over before as days_before
    from spreads
    window before as (
        partition by building_id, source, sensor_id, measurement
        order by local_date
        range between interval 14 days preceding and interval 1 day preceding
    )
)

select
    compared.building_id,
    compared.source,
    compared.sensor_id,
    compared.measurement,
    compared.since,
    compared.until,
    false as is_error,
    format('spread within an hour {:.1f} {}, {:.1f} in the two weeks before', spread, unit, usual_spread) as evidence
from compared
inner join measurements using (measurement)
where
    days_before >= getvariable('noisy_min_days')
    and spread >= getvariable('noisy_times_usual') * usual_spread
    and not exists (
        select 1
        from findings_of_deviation as deviation
        where
            deviation.sensor_id = compared.sensor_id
            and deviation.measurement = compared.measurement
            and deviation.since < compared.until + interval 1 day
            and deviation.until > compared.since - interval 1 day
    )
    and spread >= case unit when 'Cel' then getvariable('noisy_cel') else getvariable('noisy_other') end
