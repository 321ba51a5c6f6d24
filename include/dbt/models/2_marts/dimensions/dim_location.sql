{{ config(materialized="parquet_file") }}

select distinct
    datasources.building_id,
    coalesce(locations.public_location, sensors.location) as location
from {{ ref("sensor_mappings") }} as sensors
inner join {{ ref("datasources_config") }} as datasources on sensors.datasource_id = datasources.datasource_id
left join {{ ref("location_map") }} as locations
    on datasources.building_id = locations.building_id and sensors.location = locations.location
where sensors.disposition = 'mapped'
order by all
