-- A sensor that is expected has stopped writing, or a whole source has.
--
-- What happens: a battery is empty, a gateway is unplugged, an export job ends. No file is wrong and no row is: there is none.
-- The obvious test, "no reading for a day", cries for every sensor when the export itself is late. So a sensor is silent
-- measured by the last reading of its source, and the source by the run's time.
-- What slips through: a source whose sensors all fail at once looks like a late export, until the source itself is told.
with heard as (
    select
        building_id,
        source,
        sensor_id,
        max(last_at) as last_at
    from hours
    group by all
),

sources as (
    select
        building_id,
        source,
        max(last_at) as last_at
    from hours
    group by all
)

select
    sources.building_id,
    sources.source,
    sensors.sensor_id,
    null::varchar as measurement,
    coalesce(heard.last_at, getvariable('start')) as since,
    getvariable('as_of') as until,
    heard.last_at is not null and sources.last_at - heard.last_at >= to_hours(getvariable('silent_error_hours')::bigint) as is_error,
    strftime(sources.last_at, 'its source goes on until %Y-%m-%d %H:%M UTC')
    || if(heard.last_at is null, '; it has no reading in all the window', '') as evidence
from sensors
inner join sources using (building_id, source)
left join heard using (building_id, source, sensor_id)
where
    sensors.is_expected
    and sources.last_at - coalesce(heard.last_at, getvariable('start')) >= to_hours(getvariable('silent_min_hours')::bigint)
union all by name
select
    building_id,
    source,
    null::varchar as sensor_id,
    null::varchar as measurement,
    last_at as since,
    getvariable('as_of') as until,
    getvariable('as_of') - last_at >= to_hours(getvariable('silent_source_error_hours')::bigint) as is_error,
    'no reading of any sensor' as evidence
from sources
where getvariable('as_of') - last_at >= to_hours(getvariable('silent_source_hours')::bigint)
