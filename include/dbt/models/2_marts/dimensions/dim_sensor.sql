{{ config(materialized="parquet_file") }}

with mapped as (
    select
        datasources.building_id,
        sensors.sensor_id,
        mappings.source_name as source,
        sensors.datasource_id,
        sensors.public_location as location,
        coalesce(sensors.valid_from::date, '-infinity'::date) as valid_from,
        coalesce(sensors.valid_to::date, 'infinity'::date) as valid_to
    from {{ ref("sensor_mappings") }} as sensors
    inner join {{ ref("datasources_config") }} as datasources on sensors.datasource_id = datasources.datasource_id
    inner join {{ ref("datasource_mappings") }} as mappings on sensors.datasource_id = mappings.datasource_id
    where sensors.disposition = 'mapped'
),

-- rows that follow each other without a gap are one period: a new offset, or another measurement, is not another stay
stays as (
    select
        *,
        coalesce(valid_from > max(valid_to) over earlier, true) as begins
    from mapped
    window
        earlier as (
            partition by building_id, sensor_id, source, datasource_id, location
            order by valid_from, valid_to
            rows between unbounded preceding and 1 preceding
        )
),

numbered as (
    select
        *,
        count_if(begins) over (
            partition by building_id, sensor_id, source, datasource_id, location
            order by valid_from, valid_to
            rows between unbounded preceding and current row
        ) as period
    from stays
)

select
    building_id,
    sensor_id,
    source,
    datasource_id,
    location,
    period::integer as period,
    nullif(min(valid_from), '-infinity'::date) as valid_from,
    nullif(max(valid_to), 'infinity'::date) as valid_to
from numbered
group by building_id, sensor_id, source, datasource_id, location, period
order by building_id, sensor_id, source, datasource_id, location, period
