{{ config(materialized="parquet_batches", batches="months", same_bytes=true) }}

with {{ readings_of_amounts() }},

last_ones as (
    select
        readings.series_id,
        max(readings.timestamp) as timestamp,
        max_by(readings.place_id, readings.timestamp) as place_id,
        max_by(readings.value, readings.timestamp) as value,
        max_by(readings.source_file, readings.timestamp) as source_file,
        max_by(readings.source_line, readings.timestamp) as source_line
    from readings
    inner join series on readings.series_id = series.series_id
    where series.kind <> 'event'
    group by readings.series_id
)

select
    last_ones.timestamp,
    series.source,
    places.location,
    series.sensor_id,
    series.measurement,
    last_ones.value,
    last_ones.source_file,
    last_ones.source_line
from last_ones
inner join series on last_ones.series_id = series.series_id
inner join places on last_ones.place_id = places.place_id
order by last_ones.series_id
