{{ config(materialized="parquet_batches", batches="months") }}

select
    timestamp,
    building_id,
    datasource_id,
    source_file,
    source_line,
    raw_column,
    raw_value,
    'unparsable' as reason
from {{ ref("stg_readings") }}
where outcome = 'unparsable' and {{ in_batch() }}
union all
select
    timestamp,
    building_id,
    datasource_id,
    source_file,
    source_line,
    raw_column,
    raw_value,
    'superseded' as reason
from {{ ref("int_contested_readings") }}
where fate = 'superseded' and {{ in_batch() }}
order by source_file, source_line, raw_column
