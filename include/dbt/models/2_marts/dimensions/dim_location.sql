{{ config(materialized="parquet_file") }}

select distinct
    datasources.building_id,
    sensors.public_location as location
from {{ ref("sensor_mappings") }} as sensors
inner join {{ ref("datasources_config") }} as datasources on sensors.datasource_id = datasources.datasource_id
where sensors.disposition = 'mapped'
order by all
