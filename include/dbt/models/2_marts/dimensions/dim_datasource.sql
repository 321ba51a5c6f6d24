{{ config(materialized="parquet_file") }}

select
    datasource_id,
    building_id,
    name,
    source_type,
    data_type,
    timezone,
    status
from {{ ref("datasources_config") }}
order by datasource_id
