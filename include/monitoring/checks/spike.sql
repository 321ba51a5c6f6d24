-- A value leaves its course for one reading and comes back.
--
-- What happens: a bit is lost on the radio, a supply voltage dips.
-- The obvious test, "far from the day's mean", calls every opened window a spike and overlooks one in a cold night. So a
-- reading is held against the one before and the one after it: air does not change by 8 °C there and back in minutes.
-- Several a day are no spikes but `noisy` or `deviation`, which are asked before.
-- What slips through: two wrong readings in a row; and every source that writes once an hour, where such a change is natural.
select
    hours.building_id,
    hours.source,
    hours.sensor_id,
    hours.measurement,
    excursion_at as since,
    excursion_at as until,
    false as is_error,
    format('{:.1f} {} away from the readings before and after', excursion, unit) as evidence
from hours
inner join measurements using (measurement)
where
    excursion >= case unit when 'Cel' then getvariable('spike_cel') else getvariable('spike_other') end
    and row_count >= getvariable('spike_min_rows_an_hour')
    and not exists (
        select 1
        from (from findings_of_noisy union all by name from findings_of_deviation) as scattering
        where
            scattering.sensor_id = hours.sensor_id
            and scattering.measurement = hours.measurement
            and hours.excursion_at between scattering.since - interval 1 day and scattering.until + interval 1 day
    )
qualify
    count(*) over (
        partition by hours.building_id, hours.sensor_id, hours.measurement, hours.hour::date
    ) <= getvariable('spike_max_a_day')
