-- Half of a sensor's readings, or more, do not come.
--
-- What happens: a logger falls back to a slower interval, a radio at the edge of its reach loses every other message.
-- The obvious test, the day's rows against yesterday's, calls the day a sensor is mounted, or a hole, a halved one. So the
-- rate between the day's first and last reading is compared with the median rate of the two weeks before.
-- What slips through: a slow decline, to which the median gets used; a fall to more than 0.6 of the usual rate.
with rates as (
    select
        *,
        (row_count + null_count - 1) / epoch(last_timestamp - first_timestamp) as rate
    from days
    where last_timestamp - first_timestamp >= interval 6 hours
),

holes as (
    select
        building_id,
        source,
        sensor_id,
        measurement,
        (until at time zone getvariable('timezone'))::date as local_date,
        sum(hours) * 3600 as seconds
    from pauses
    where
        hours >= getvariable('gap_min_hours')
        and (since at time zone getvariable('timezone'))::date = (until at time zone getvariable('timezone'))::date
    group by all
),

compared as (
    select
        rates.*,
        (rates.row_count + rates.null_count - 1)
        / nullif(epoch(rates.last_timestamp - rates.first_timestamp) - coalesce(holes.seconds, 0), 0) as rate_outside_holes,
        median(rates.rate) over before as usual_rate,
        count(*) over before as days_before
    from rates
    left join holes using (building_id, source, sensor_id, measurement, local_date)
    window before as (
        partition by rates.building_id, rates.source, rates.sensor_id, rates.measurement
        order by rates.local_date
        range between interval 14 days preceding and interval 1 day preceding
    )
)

select
    building_id,
    source,
    sensor_id,
    measurement,
    first_timestamp as since,
    last_timestamp as until,
    false as is_error,
    format('{:.1f} readings an hour, {:.1f} in the two weeks before', rate_outside_holes * 3600, usual_rate * 3600) as evidence
from compared
where
    days_before >= getvariable('row_count_halved_min_days')
    and rate_outside_holes <= getvariable('row_count_halved_share') * usual_rate
