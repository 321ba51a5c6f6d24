{{ config(materialized="parquet_file") }}

select distinct
    datasources.building_id,
    sensors.sensor_id,
    mappings.source_name as source,
    sensors.datasource_id,
    coalesce(locations.public_location, sensors.location) as location,
    sensors.valid_from::date as valid_from,
    sensors.valid_to::date as valid_to
from {{ ref("sensor_mappings") }} as sensors
inner join {{ ref("datasources_config") }} as datasources on sensors.datasource_id = datasources.datasource_id
inner join {{ ref("datasource_mappings") }} as mappings on sensors.datasource_id = mappings.datasource_id
left join {{ ref("location_map") }} as locations
    on datasources.building_id = locations.building_id and sensors.location = locations.location
where sensors.disposition = 'mapped'
order by all
