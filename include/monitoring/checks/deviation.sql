-- The day's standard deviation is more than twice its mean.
--
-- What happens: most readings fall to nothing and a few jump to the end of the scale.
-- Why the test fails around 0 °C: the ratio of deviation to mean has a meaning only where zero means "nothing". 0 °C is no
-- such zero: a mild January day, from -2 to 3 °C, has a mean near 0 and "deviates" tenfold; the same day in kelvin does
-- not. So it is asked only of measurements on a ratio scale (measurements.csv), such as relative humidity; of
-- temperatures, `noisy` asks the same in a way that does not depend on where zero is.
-- What slips through: everything that scatters about a mean well above zero.
select
    days.building_id,
    days.source,
    days.sensor_id,
    days.measurement,
    first_timestamp as since,
    last_timestamp as until,
    false as is_error,
    format('deviation {:.1f}, mean {:.1f}', value_std, value_mean) as evidence
from days
inner join measurements using (measurement)
where
    measurements.scale = 'ratio'
    and value_std > getvariable('deviation_times_mean') * abs(value_mean)
    and value_mean <> 0
    and not exists (
        select 1
        from findings_of_stuck_at_zero as zero
        where
            zero.building_id = days.building_id
            and zero.sensor_id = days.sensor_id
            and zero.since < days.last_timestamp
            and zero.until > days.first_timestamp
    )
