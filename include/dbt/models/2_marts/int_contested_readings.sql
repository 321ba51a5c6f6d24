{{ config(materialized="parquet_batches", batches="months") }}

with readings as (
    select * from {{ batch_of(ref("stg_cells")) }}
    where outcome = 'reading'
),

contested as (
    select
        series_id,
        timestamp
    from {{ batch_of(ref("stg_cells")) }}
    where outcome = 'reading'
    group by series_id, timestamp
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
        order by readings.precedence desc, readings.source_file desc, readings.source_line desc
    )
order by readings.series_id, readings.timestamp, readings.precedence desc, readings.source_file desc, readings.source_line desc
