{{ config(materialized="parquet_batches", batches="months") }}

-- several datasources may be of one make; a reading belongs to that of its file
with readings as (
    select
        readings.*,
        files.datasource_id
    from {{ batch_of(ref("fct_sensor_readings")) }} as readings
    inner join {{ ref("landing_files") }} as files
        on readings.source_file = files.file_number and readings.building_id = files.building_id
),

-- a local day consists of whole blocks, and a block's date is found once, not once for each of its readings
blocks as (
    select
        datasource_id,
        source,
        location,
        sensor_id,
        measurement,
        epoch_us(timestamp) // (getvariable('block_seconds') * 1000000) as block,
        count(*) as row_count,
        count_if(quality = 'outlier') as outlier_count,
        min(value) as value_min,
        max(value) as value_max,
        count({{ millionths() }}) as ok_count,
        sum({{ millionths() }}::hugeint) as total,
        sum({{ millionths() }}::hugeint * {{ millionths() }}) as squares,
        min(timestamp) as first_timestamp,
        max(timestamp) as last_timestamp
    from readings
    group by all
),

days as materialized (
    select
        datasource_id,
        source,
        location,
        sensor_id,
        measurement,
        (first_timestamp at time zone getvariable('timezone'))::date as local_date,
        sum(row_count)::bigint as row_count,
        sum(outlier_count)::bigint as outlier_count,
        min(value_min) as value_min,
        max(value_max) as value_max,
        sum(ok_count)::bigint as ok_count,
        sum(total) as total,
        sum(squares) as squares,
        min(first_timestamp) as first_timestamp,
        max(last_timestamp) as last_timestamp
    from blocks
    group by all
),

empty_cells as materialized (
    select distinct
        series.datasource_id,
        series.source,
        series.location,
        series.sensor_id,
        series.measurement,
        cells.timestamp
    from {{ batch_of(ref("stg_cells")) }} as cells
    inner join {{ ref("stg_series") }} as series on cells.mapping_id = series.mapping_id
    where cells.outcome = 'null'
),

-- what another export has for the time of an empty cell: the few cells are sought among the readings, not the reverse
filled_cells as (
    select readings.*
    from {{ batch_of(ref("fct_sensor_readings")) }} as readings
    semi join empty_cells
        on
            readings.source = empty_cells.source
            and readings.sensor_id = empty_cells.sensor_id
            and readings.measurement = empty_cells.measurement
            and readings.timestamp = empty_cells.timestamp
),

nulls as (
    select
        empty_cells.datasource_id,
        empty_cells.source,
        empty_cells.location,
        empty_cells.sensor_id,
        empty_cells.measurement,
        (empty_cells.timestamp at time zone getvariable('timezone'))::date as local_date,
        count(*) as null_count
    from empty_cells
    anti join filled_cells
        on
            empty_cells.source = filled_cells.source
            and empty_cells.sensor_id = filled_cells.sensor_id
            and empty_cells.measurement = filled_cells.measurement
            and empty_cells.timestamp = filled_cells.timestamp
    group by all
),

-- how often a datasource writes: the median of its sensors' mean intervals
intervals as (
    select
        datasource_id,
        measurement,
        greatest(1, round(median(epoch(last_timestamp - first_timestamp) / (row_count - 1)))) as interval_seconds
    from days
    where row_count > 1
    group by datasource_id, measurement
)

select
    coalesce(days.local_date, nulls.local_date) as local_date,
    getvariable('building_id') as building_id,
    coalesce(days.datasource_id, nulls.datasource_id) as datasource_id,
    coalesce(days.source, nulls.source) as source,
    coalesce(days.location, nulls.location) as location,
    coalesce(days.sensor_id, nulls.sensor_id) as sensor_id,
    coalesce(days.measurement, nulls.measurement) as measurement,
    coalesce(days.row_count, 0) as row_count,
    coalesce(nulls.null_count, 0) as null_count,
    coalesce(days.outlier_count, 0) as outlier_count,
    days.value_min,
    days.value_max,
    {{ mean_of("days.ok_count", "days.total") }} as value_mean,
    {{ sample_std("days.ok_count", "days.total", "days.squares") }} as value_std,
    coalesce(days.ok_count, 0) as ok_count,
    days.total::decimal(38, 0) as total,
    days.squares::decimal(38, 0) as squares,
    days.first_timestamp,
    days.last_timestamp,
    round({{ seconds_of_day("coalesce(days.local_date, nulls.local_date)") }} / intervals.interval_seconds)::bigint as expected_rows
from days
full outer join nulls
    on
        days.datasource_id = nulls.datasource_id
        and days.source = nulls.source
        and days.location = nulls.location
        and days.sensor_id = nulls.sensor_id
        and days.measurement = nulls.measurement
        and days.local_date = nulls.local_date
left join intervals
    on
        coalesce(days.datasource_id, nulls.datasource_id) = intervals.datasource_id
        and coalesce(days.measurement, nulls.measurement) = intervals.measurement
order by all
