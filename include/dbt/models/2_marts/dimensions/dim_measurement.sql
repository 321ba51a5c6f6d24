{{ config(materialized="parquet_file") }}

select
    measurement,
    unit,
    aggregation,
    description,
    brick_class
from {{ ref("measurements") }}
order by measurement
