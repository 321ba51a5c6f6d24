-- A sensor reads exactly 0.
--
-- What happens: a controller that has lost its probes writes 0.0 for them. For a temperature this is no impossible value.
-- The obvious test, "the value is 0", misleads in winter: outdoor air does stand at 0.0 for a night. But all probes of one
-- device, in different streams of air, do not. A device with one probe must stand still for longer than is usual for it.
-- What slips through: one probe of several that fails alone, for less than its usual pause.
with zeros as (
    select
        *,
        count(*) over (partition by building_id, source, sensor_id, since, until) as probes_at_zero
    from stills
    where value = 0
),

devices as (
    select
        building_id,
        source,
        sensor_id,
        count(distinct measurement) as probes
    from hours
    group by all
)

select
    zeros.building_id,
    zeros.source,
    zeros.sensor_id,
    zeros.measurement,
    zeros.since,
    zeros.until,
    true as is_error,
    format('0 for {:.0f} hours on {} of {} probes', zeros.hours, zeros.probes_at_zero, devices.probes) as evidence
from zeros
inner join devices using (building_id, source, sensor_id)
inner join usual_stills as usual using (building_id, source, sensor_id, measurement)
where
    zeros.hours >= getvariable('stuck_at_zero_min_hours')
    and (
        (devices.probes > 1 and zeros.probes_at_zero = devices.probes)
        or zeros.hours >= 2 * usual.suspicious_hours
    )
