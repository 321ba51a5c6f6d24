{{ config(materialized="parquet_batches", batches="months") }}

with cells as (
    select
        source_file,
        count(*) as cells,
        count_if(outcome = 'reading') as readings,
        count_if(outcome = 'null') as nulls,
        count_if(outcome = 'unmapped') as unmapped,
        count_if(outcome = 'ignored') as ignored,
        count_if(outcome = 'unparsable') as unparsable,
        list_sort(array_agg(distinct raw_text) filter (where outcome = 'unmapped')) as unmapped_names
    from {{ batch_of(ref("stg_cells")) }}
    group by source_file
),

kept as (
    select
        source_file,
        count(*) as kept,
        count_if(quality = 'outlier') as outliers
    from {{ batch_of(ref("fct_sensor_readings")) }}
    group by source_file
),

contested as (
    select
        source_file,
        count_if(fate = 'duplicate') as duplicates,
        count_if(fate = 'superseded') as superseded
    from {{ batch_of(ref("int_contested_readings")) }}
    group by source_file
)

select
    getvariable('building_id') as building_id,
    getvariable('month') as month,
    cells.*,
    coalesce(kept.kept, 0) as kept,
    coalesce(kept.outliers, 0) as outliers,
    coalesce(contested.duplicates, 0) as duplicates,
    coalesce(contested.superseded, 0) as superseded
from cells
left join kept on cells.source_file = kept.source_file
left join contested on cells.source_file = contested.source_file
order by cells.source_file
