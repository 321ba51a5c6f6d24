{{ config(materialized="parquet_batches", batches="fact_months", same_bytes=true, may_be_idle=true) }}

with batteries as (
    select list(measurement) as measurements
    from {{ plan("fact_columns") }}
    where building_id = getvariable('building_id') and fact = 'device_health' and "column" = 'battery_pct'
),

intervals as (
    select
        files.file_number,
        datasources.interval_minutes::double as minutes
    from {{ ref("landing_files") }} as files
    inner join {{ ref("datasources_config") }} as datasources on files.datasource_id = datasources.datasource_id
    where files.building_id = getvariable('building_id')
),

-- one row for each minute of a device; two windows of a room are two
heard as (
    select
        epoch_us(readings.timestamp) // 60000000 as minute,
        readings.location,
        {{ sensor_type("readings.sensor_id", "readings.source") }} as sensor_type,
        readings.sensor_id,
        max(readings.value) filter (
            where readings.quality = 'ok' and list_contains(batteries.measurements, readings.measurement)
        ) as battery,
        count_if(readings.quality = 'outlier') as outliers,
        min(intervals.minutes) as interval_minutes
    from {{ batch_of(ref("fct_sensor_readings")) }} as readings
    inner join intervals on readings.source_file = intervals.file_number
    cross join batteries
    where intervals.minutes is not null
    group by all
),

dated as (
    select
        *,
        (make_timestamptz(minute * 60000000) at time zone getvariable('timezone'))::date as local_date
    from (select distinct minute from heard) as minutes
),

unreadable as (
    select
        (timestamp at time zone getvariable('timezone'))::date as local_date,
        location,
        {{ sensor_type("sensor_id", "source") }} as sensor_type,
        count(*) as cells
    from {{ batch_of(ref("fct_rejected_readings")) }}
    where reason = 'unparsable'
    group by all
),

days as (
    select
        dated.local_date,
        heard.location,
        heard.sensor_type,
        count(distinct heard.minute) as readings,
        min(heard.battery) as battery_min_pct,
        {{ exact_mean("heard.battery") }} as battery_avg_pct,
        sum(heard.outliers)::bigint as outliers,
        min(heard.interval_minutes) as interval_minutes
    from heard
    inner join dated on heard.minute = dated.minute
    group by all
),

-- whoever was heard of is expected on each later day of the month
expected as (
    select
        calendar.local_date,
        devices.location,
        devices.sensor_type,
        {{ seconds_of_day("calendar.local_date") }} / 60 / devices.interval_minutes as readings
    from (
        select
            location,
            sensor_type,
            min(local_date) as first_day,
            min(interval_minutes) as interval_minutes
        from days
        group by all
    ) as devices
    inner join {{ local_dates() }} as calendar on devices.first_day <= calendar.local_date
)

select
    expected.local_date,
    getvariable('building_id') as building_id,
    expected.location,
    expected.sensor_type,
    coalesce(days.readings, 0) as readings,
    greatest(0, round(expected.readings)::bigint - coalesce(days.readings, 0)) as missing_readings,
    100 * least(1, coalesce(days.readings, 0) / expected.readings) as uptime_pct,
    coalesce(days.outliers, 0) as outliers,
    coalesce(days.outliers, 0) + coalesce(unreadable.cells, 0) as error_count,
    days.battery_min_pct,
    days.battery_avg_pct
from expected
left join days
    on
        expected.local_date = days.local_date
        and expected.location = days.location
        and expected.sensor_type = days.sensor_type
left join unreadable
    on
        expected.local_date = unreadable.local_date
        and expected.location = unreadable.location
        and expected.sensor_type = unreadable.sensor_type
order by expected.location, expected.sensor_type, expected.local_date
