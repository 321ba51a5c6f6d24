-- A sensor repeats what another one reads.
--
-- What happens: a controller maps one probe to two names, an address is given twice on the bus, an export copies a column.
-- The obvious test, correlation, calls every pair of neighbouring rooms alike. Equal to the last digit for hours while both
-- move is what two probes never are. Standing still together is left to `frozen`.
-- What slips through: a copy with an offset or a delay; sources that write once an hour need days to prove it.
with signed as (
    select
        *,
        coalesce(first_change is not null or first_value <> lag(last_value) over series, false) as moves
    from hours
    window series as (partition by building_id, source, sensor_id, measurement order by hour)
),

equal_hours as (
    select
        one.building_id,
        one.source,
        one.measurement,
        one.sensor_id as one_sensor,
        other.sensor_id as other_sensor,
        one.hour,
        one.moves and other.moves as moves,
        one.row_count
    from signed as one
    inner join signed as other
        on
            one.building_id = other.building_id
            and one.source = other.source
            and one.measurement = other.measurement
            and one.hour = other.hour
            and one.value_mean = other.value_mean
            and one.value_min = other.value_min
            and one.value_max = other.value_max
            and one.first_value = other.first_value
            and one.last_value = other.last_value
            and one.row_count = other.row_count
            and one.sensor_id < other.sensor_id
),

runs as (
    select
        *,
        hour - to_hours(row_number() over (partition by building_id, source, measurement, one_sensor, other_sensor order by hour)) as run
    from equal_hours
),

proven as (
    select
        building_id,
        source,
        measurement,
        one_sensor,
        other_sensor,
        min(hour) as since,
        max(hour) + interval 1 hour as until,
        count(*) as hours,
        count_if(moves) as moving_hours,
        sum(row_count) filter (where moves) as moving_rows
    from runs
    group by building_id, source, measurement, one_sensor, other_sensor, run
    having
        count(*) >= getvariable('repeating_min_hours')
        and count_if(moves) >= getvariable('repeating_min_moving_hours')
        and sum(row_count) filter (where moves) >= getvariable('repeating_min_moving_rows')
)

-- which of the two is the copy, the readings do not tell
select
    building_id,
    source,
    unnest([one_sensor, other_sensor]) as sensor_id,
    measurement,
    since,
    until,
    false as is_error,
    format('{} and {} are equal in {} hours, and move in {} of them', one_sensor, other_sensor, hours, moving_hours) as evidence
from proven
