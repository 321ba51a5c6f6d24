{{ config(materialized="parquet_file") }}

select
    building_id,
    name,
    timezone,
    latitude::double as latitude,
    longitude::double as longitude,
    licence
from {{ ref("buildings_config") }}
order by building_id
