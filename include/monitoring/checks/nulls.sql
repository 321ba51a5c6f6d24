-- Cells of a sensor are empty.
--
-- What happens: the logger writes a row for all its probes, and one does not answer in time.
-- The share that is allowed is max_null_pct of the datasource. Cells of a stretch that the check `gap` reports are left out.
-- What slips through: sources of one file a sensor, which leave the line out instead of the cell.
with paused as (
    select
        building_id,
        source,
        sensor_id,
        measurement,
        (until at time zone getvariable('timezone'))::date as local_date,
        sum(hours) as hours,
        count(*) as pauses
    from pauses
    where hours >= getvariable('gap_min_hours')
    group by all
)

select
    days.building_id,
    days.source,
    days.sensor_id,
    days.measurement,
    days.local_date::timestamp at time zone getvariable('timezone') as since,
    end_of_day(days.local_date, getvariable('timezone')) as until,
    false as is_error,
    format('{} of {} cells empty', days.null_count, days.null_count + days.row_count) as evidence
from days
inner join sensors using (building_id, source, sensor_id)
left join paused using (building_id, source, sensor_id, measurement, local_date)
where
    -- a pause of n intervals holds n - 1 empty cells
    days.null_count - (coalesce(paused.hours, 0) / 24 * days.expected_rows - coalesce(paused.pauses, 0))
    > sensors.max_null_pct / 100 * (days.null_count + days.row_count)
    and days.row_count > 0
