-- A sensor stands still.
--
-- What happens: a probe, its radio or the gateway hangs, and the last value is written again and again. The rows come, the
-- null share is 0, mean and bounds look perfect; only the life is gone.
-- The obvious test, "no change for six hours", misleads: a plant that sleeps at night and at weekends repeats its last value
-- for 61 hours, and a cellar at a resolution of 1 % stands still for a day. So a stretch is held against how long this
-- sensor, and its peers, usually stand still (usual_stills in common.sql).
-- What slips through: a probe that hangs for less than its usual pause, and one that hangs but keeps its noise.
select
    stills.building_id,
    stills.source,
    stills.sensor_id,
    stills.measurement,
    stills.since,
    stills.until,
    stills.hours >= getvariable('frozen_error_hours') as is_error,
    format('{} for {:.0f} hours, usually at most {:.0f}', stills.value, stills.hours, usual.usual_hours) as evidence
from stills
inner join usual_stills as usual using (building_id, source, sensor_id, measurement)
where
    stills.hours >= usual.suspicious_hours
    and not exists (
        select 1
        from (from findings_of_stuck_at_zero union all by name from findings_of_out_of_bounds) as told
        where
            told.building_id = stills.building_id
            and told.sensor_id = stills.sensor_id
            and told.measurement = stills.measurement
            and told.since < stills.until
            and told.until > stills.since
    )
