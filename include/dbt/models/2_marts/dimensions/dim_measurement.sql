{{ config(materialized="parquet_file") }}

select
    measurement,
    unit,
    aggregation,
    description,
    brick_class,
    kind,
    amount
from {{ ref("measurements") }}
order by measurement
