{{ config(materialized="parquet_batches", batches="months") }}

-- not materialized: each use reads only its columns
with readings as not materialized (
    select * from {{ batch_of(ref("stg_cells")) }}
    where outcome = 'reading'
),

-- a series with more readings than minutes that have one may have two of one moment; each minute of the month is a bit
doubtful_series as (
    select series_id
    from readings
    group by series_id
    having count(*) > coalesce(
        bit_count(bitstring_agg((epoch_us(timestamp) - epoch_us(getvariable('start')::timestamptz)) // 60000000, 0, {{ 32 * 24 * 60 }})), 0
    )
),

contested as (
    select
        readings.series_id,
        readings.timestamp
    from readings
    semi join doubtful_series on readings.series_id = doubtful_series.series_id
    group by readings.series_id, readings.timestamp
    having count(*) > 1
)

select
    readings.*,
    case
        when row_number() over later_first = 1 then 'kept'
        when readings.value = first_value(readings.value) over later_first then 'duplicate'
        else 'superseded'
    end as fate
from readings
inner join contested on readings.series_id = contested.series_id and readings.timestamp = contested.timestamp
window
    later_first as (
        partition by readings.series_id, readings.timestamp
        order by readings.precedence desc, readings.source_file desc, readings.source_line desc, readings.mapping_id
    )
order by
    readings.series_id, readings.timestamp,
    readings.precedence desc, readings.source_file desc, readings.source_line desc, readings.mapping_id
