-- An expected sensor has stopped writing, or a whole source has.
--
-- What happens: a battery is empty, a gateway is unplugged, an export job ends. No file is wrong and no row is: there is none.
-- The obvious test, "no reading for a day", reports every sensor when the export itself is late. So the silence of a sensor
-- is measured by the last reading of its source, and that of the source by the run's time. Both are looked up in all months,
-- not in the window alone: a building that is dead for two years is as silent as one that is dead for two days.
-- What slips through: a source whose sensors all fail at once looks like a late export, until the source itself is reported;
-- a datasource of which no file ever came, which the run of `refresh` reports.
with sources as (
    select
        sensors.building_id,
        sensors.source,
        max(heard.last_at) as last_at,
        bool_or(sensors.expected_since is not null) as is_expected
    from sensors
    inner join heard using (source, sensor_id)
    group by all
),

expected as (
    select
        sensors.building_id,
        sensors.source,
        sensors.sensor_id,
        sources.last_at as source_last_at,
        heard.last_at,
        greatest(heard.last_at, sensors.expected_since) as since
    from sensors
    inner join sources using (building_id, source)
    left join heard using (source, sensor_id)
    where sensors.expected_since is not null
)

select
    building_id,
    source,
    sensor_id,
    null::varchar as measurement,
    since,
    getvariable('as_of') as until,
    last_at is not null and source_last_at - since >= to_hours(getvariable('silent_error_hours')::bigint) as is_error,
    if(last_at is null, 'never a reading', strftime(last_at, 'last reading %Y-%m-%d %H:%M UTC'))
    || strftime(source_last_at, '; last of its source %Y-%m-%d %H:%M UTC') as evidence
from expected
where source_last_at - since >= to_hours(getvariable('silent_min_hours')::bigint)
union all by name
select
    building_id,
    source,
    null::varchar as sensor_id,
    null::varchar as measurement,
    last_at as since,
    getvariable('as_of') as until,
    getvariable('as_of') - last_at >= to_hours(getvariable('silent_source_error_hours')::bigint) as is_error,
    strftime(last_at, 'last reading of any sensor %Y-%m-%d %H:%M UTC') as evidence
from sources
where
    is_expected
    and getvariable('as_of') - last_at >= to_hours(getvariable('silent_source_hours')::bigint)
