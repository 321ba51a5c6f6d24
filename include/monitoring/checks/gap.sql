-- A hole in the readings.
--
-- What happens: the radio is out of reach, a logger reboots, an export leaves out the last hour of a month.
-- The obvious test, "fewer rows than yesterday", sees no hole of an hour in a day, and calls a slower sampling a hole. So the
-- time between two readings is looked at: of one sensor for hours, of a whole source for one hour in which nobody writes.
-- What slips through: holes at the end, which are silence; and single readings that are missing here and there.
select
    building_id,
    source,
    sensor_id,
    measurement,
    since,
    until,
    hours >= getvariable('gap_error_hours') as is_error,
    format('no reading for {:.1f} hours', hours) as evidence
from pauses
where hours >= getvariable('gap_min_hours')
union all by name
select
    building_id,
    source,
    null::varchar as sensor_id,
    null::varchar as measurement,
    last_before as since,
    first_at as until,
    first_at - last_before >= to_hours(getvariable('gap_error_hours')::bigint) as is_error,
    format('no sensor writes for {:.1f} hours', epoch(first_at - last_before) / 3600) as evidence
from (
    select
        *,
        lag(last_at) over (partition by building_id, source order by hour) as last_before,
        lag(hour) over (partition by building_id, source order by hour) as hour_before
    from (
        select
            building_id,
            source,
            hour,
            min(first_at) as first_at,
            max(last_at) as last_at
        from hours
        group by all
    )
)
where hour - hour_before > to_hours(getvariable('gap_source_hours')::bigint)
