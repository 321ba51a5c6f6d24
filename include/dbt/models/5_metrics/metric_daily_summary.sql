{{ config(materialized="parquet_batches", batches="months") }}

with sensor_days as (
    select * from {{ batch_of(ref("metric_sensor_day")) }}
),

-- a time's date is found once, not once for each sensor
distinct_timestamps as (
    select distinct
        files.datasource_id,
        readings.measurement,
        readings.timestamp
    from {{ batch_of(ref("fct_sensor_readings")) }} as readings
    inner join {{ ref("landing_files") }} as files
        on readings.source_file = files.file_number and readings.building_id = files.building_id
),

timestamps as (
    select
        (timestamp at time zone getvariable('timezone'))::date as local_date,
        datasource_id,
        measurement,
        count(*) as unique_timestamps
    from distinct_timestamps
    group by all
),

-- whoever was heard of in the month is expected on each of its days
series as (
    select
        datasource_id,
        measurement,
        count(distinct location || ' ' || sensor_id) as series_count,
        min(expected_rows / {{ seconds_of_day("local_date") }}) as rows_a_second
    from sensor_days
    group by datasource_id, measurement
),

heard_days as (
    select
        local_date,
        datasource_id,
        source,
        measurement,
        sum(row_count)::bigint as row_count,
        sum(null_count)::bigint as null_count,
        sum(outlier_count)::bigint as outlier_count,
        min(value_min) as min_value,
        max(value_max) as max_value,
        sum(ok_count)::hugeint as ok_count,
        sum(total::hugeint) as total,
        sum(squares::hugeint) as squares,
        count(distinct location) filter (where row_count > 0) as locations_active
    from sensor_days
    group by all
),

-- so is it where nothing came; but for the days before the datasource's very first reading
silent_days as (
    select
        calendar.local_date,
        series.datasource_id,
        series.source,
        series.measurement
    from (select distinct
        datasource_id,
        source,
        measurement
    from sensor_days) as series
    cross join {{ local_dates() }} as calendar
    anti join heard_days
        on
            calendar.local_date = heard_days.local_date
            and series.datasource_id = heard_days.datasource_id
            and series.measurement = heard_days.measurement
    where calendar.local_date >= coalesce(getvariable('begun')[series.datasource_id], calendar.local_date)
),

days as (
    select * from heard_days
    union all by name
    select
        *,
        0 as row_count,
        0 as null_count,
        0 as outlier_count,
        0 as ok_count,
        0 as locations_active
    from silent_days
)

select
    days.local_date,
    getvariable('building_id') as building_id,
    days.datasource_id,
    days.source,
    days.measurement,
    days.row_count,
    coalesce(timestamps.unique_timestamps, 0) as unique_timestamps,
    days.null_count,
    100 * days.null_count / nullif(days.row_count + days.null_count, 0) as null_pct,
    days.outlier_count,
    days.min_value,
    days.max_value,
    {{ mean_of("days.ok_count", "days.total") }} as avg_value,
    {{ sample_std("days.ok_count", "days.total", "days.squares") }} as std_dev,
    days.locations_active,
    round(series.series_count * series.rows_a_second * {{ seconds_of_day("days.local_date") }})::bigint as expected_rows,
    case
        when series.rows_a_second > 0 then
            least(1, days.row_count / round(series.series_count * series.rows_a_second * {{ seconds_of_day("days.local_date") }}))
    end as completeness
from days
inner join series on days.datasource_id = series.datasource_id and days.measurement = series.measurement
left join timestamps
    on
        days.local_date = timestamps.local_date
        and days.datasource_id = timestamps.datasource_id
        and days.measurement = timestamps.measurement
order by all
