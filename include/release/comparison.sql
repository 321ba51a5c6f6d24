-- An older hourly dataset held against a release, hour by hour of the building's clock.
--
-- $old            its rows: time (the end of the hour on the wall clock, written as UTC), location, source, data_key, data_value
-- $new            public_dataset_hourly of a release
-- $building_id    whose dataset the old one is
-- $location_map   building_id, location, public_location: what the old dataset calls by its internal name
-- $timezone       of the building
-- $tolerance      relative to max(1, |value|)
-- $decimals       to which the old dataset may have rounded
with old_hours as (
    select
        time at time zone 'UTC' - interval 1 hour as hour,
        old.source,
        coalesce(map.public_location, old.location) as location,
        old.data_key as measurement,
        avg(old.data_value) as value
    from read_parquet($old) as old
    left join read_csv($location_map, all_varchar = true) as map on old.location = map.location and map.building_id = $building_id
    group by all
),

-- in autumn an hour of the wall clock is two hours of UTC
new_hours as (
    select
        timestamp at time zone $timezone as hour,
        source,
        location,
        measurement,
        sum(value_sum) / sum(count) as value,
        count(*) as hours_of_utc
    from read_parquet($new)
    where building_id = $building_id
    group by all
),

-- with the values of the neighbouring hours, which tell a shift from another value
beside as (
    select
        *,
        lag(value) over series as value_before,
        lag(hour) over series as hour_before,
        lead(value) over series as value_after,
        lead(hour) over series as hour_after
    from new_hours
    window series as (partition by source, location, measurement order by hour)
),

compared as (
    select
        coalesce(old_hours.hour, beside.hour) as hour,
        coalesce(old_hours.source, beside.source) as source,
        coalesce(old_hours.location, beside.location) as location,
        coalesce(old_hours.measurement, beside.measurement) as measurement,
        old_hours.value as old_value,
        beside.value as new_value,
        case
            when beside.value is null then 'only in the old'
            when old_hours.value is null then 'only in the new'
            when abs(old_hours.value - beside.value) <= $tolerance * greatest(1, abs(old_hours.value)) then 'agrees'
            when beside.hours_of_utc > 1 then 'the hour comes twice'
            when
                beside.value_before <> beside.value
                and beside.hour_before = beside.hour - interval 1 hour
                and abs(old_hours.value - beside.value_before) <= $tolerance * greatest(1, abs(old_hours.value))
                then 'the old is an hour later'
            when
                beside.value_after <> beside.value
                and beside.hour_after = beside.hour + interval 1 hour
                and abs(old_hours.value - beside.value_after) <= $tolerance * greatest(1, abs(old_hours.value))
                then 'the old is an hour earlier'
            when round(old_hours.value, $decimals) = round(beside.value, $decimals) then 'rounded'
            else 'another value'
        end as outcome
    from old_hours
    full join beside
        on
            old_hours.hour = beside.hour
            and old_hours.source = beside.source
            and old_hours.location = beside.location
            and old_hours.measurement = beside.measurement
)

select
    source,
    location,
    measurement,
    strftime(hour, '%Y-%m') as month,
    outcome,
    count(*) as hours,
    min(hour) as first_hour,
    max(hour) as last_hour,
    arg_min(old_value, hour) as first_old_value,
    arg_min(new_value, hour) as first_new_value
from compared
group by all
order by source, location, measurement, month, outcome
