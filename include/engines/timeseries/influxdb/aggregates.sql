-- One grain's aggregates, from the sums of its windows and the squares of the blocks they consist of.
--
-- $grain         hour, day, week or month
-- $every         length of a window, as in moments
-- $block         length of a block, as in moments
-- $calendar      zone of the windows: UTC for hours, else the building's
-- $zone          the building's zone
-- $building_id   the building
-- $labels_start, $labels_stop   windows that begin in this stretch are wanted
-- $as_of         only windows closed by then
with windows as (
    select
        start as timestamp,
        source,
        location,
        measurement,
        sum(count)::bigint as count,
        sum(value_sum order by sensor_id) as value_sum,
        min(value_min) as value_min,
        max(value_max) as value_max
    from moments
    where
        every = $every
        and start >= $labels_start
        and start < $labels_stop
        and date_trunc($grain, start at time zone $calendar) at time zone $calendar = start -- not cut by the range's start
        and (date_trunc($grain, start at time zone $calendar) + ('1 ' || $grain)::interval) at time zone $calendar <= $as_of
    group by all
),

blocks as (
    select
        date_trunc($grain, moments.start at time zone $calendar) at time zone $calendar as timestamp,
        moments.source,
        moments.location,
        moments.sensor_id,
        moments.measurement,
        moments.start,
        moments.count,
        moments.value_sum / moments.count as value_mean,
        greatest(0, moments.squares - (moments.value_sum - moments.count * series.centre) ** 2 / moments.count) as squares
    from moments
    inner join (select distinct source, location, sensor_id, measurement, centre from counted) as series
        using (source, location, sensor_id, measurement)
    where moments.every = $block
),

deviations as (
    select
        timestamp,
        source,
        location,
        measurement,
        sum(blocks.squares + blocks.count * (blocks.value_mean - windows.value_sum / windows.count) ** 2 order by blocks.start, blocks.sensor_id) as squares
    from blocks
    inner join windows using (timestamp, source, location, measurement)
    group by all
)

select
    timestamp,
    (timestamp at time zone $zone)::date as local_date,
    $building_id as building_id,
    source,
    location,
    measurement,
    value_sum / count as value_mean,
    case when count = 1 then null when value_min = value_max then 0 else sqrt(squares / (count - 1)) end::double as value_std,
    value_min,
    value_max,
    value_sum,
    count
from windows
inner join deviations using (timestamp, source, location, measurement)
order by source, location, measurement, timestamp
