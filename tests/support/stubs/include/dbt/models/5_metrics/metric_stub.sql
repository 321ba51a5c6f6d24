{{ config(materialized="parquet_batches", batches="months") }}

select
    source,
    getvariable('building_id') as building_id,
    getvariable('month') as month,
    count(*) as readings
from {{ batch_of(ref("fct_sensor_readings")) }}
group by source
order by source
