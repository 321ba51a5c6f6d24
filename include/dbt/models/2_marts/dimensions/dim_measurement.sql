{{ config(materialized="external", location="{{ built(this.name) }}") }}

select
    measurement,
    unit,
    aggregation,
    description,
    brick_class
from {{ ref("measurements") }}
order by measurement
