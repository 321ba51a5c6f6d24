with columns_found as (
    select
        described.datasource_id,
        described.raw_column,
        declared.location_column,
        declared.measurement_column,
        declared.measurement,
        declared.source_name,
        declared.unit,
        declared.value_min::double as value_min,
        declared.value_max::double as value_max
    from {{ ref("value_columns") }} as described
    inner join {{ ref("datasource_mappings") }} as declared
        on
            described.datasource_id = declared.datasource_id
            and described.value_column = declared.value_column
),

-- an ignored name needs no row of datasource_mappings
ignored as (
    select distinct
        sensors.*,
        landing_columns.raw_column,
        declared.source_name
    from {{ ref("sensor_mappings") }} as sensors
    inner join {{ ref("landing_columns") }} as landing_columns on sensors.datasource_id = landing_columns.datasource_id
    inner join {{ ref("datasource_mappings") }} as declared on sensors.datasource_id = declared.datasource_id
    where
        sensors.disposition = 'ignored'
        and (
            landing_columns.raw_column = sensors.raw_name
            or exists (
                select 1 from columns_found
                where
                    columns_found.datasource_id = sensors.datasource_id
                    and columns_found.raw_column = landing_columns.raw_column
                    and columns_found.location_column is not null
            )
        )
),

named as (
    select
        sensors.*,
        columns_found.raw_column,
        columns_found.source_name,
        columns_found.value_min,
        columns_found.value_max,
        coalesce(sensors.unit, columns_found.unit) as written_unit,
        coalesce(sensors.measurement, columns_found.measurement) as means
    from columns_found
    inner join {{ ref("sensor_mappings") }} as sensors
        on
            columns_found.datasource_id = sensors.datasource_id
            and (columns_found.location_column is not null or columns_found.raw_column = sensors.raw_name)
            and (
                columns_found.measurement_column is null
                or columns_found.measurement is null
                or columns_found.measurement = sensors.measurement
            )
    where sensors.disposition = 'mapped'
    union all by name
    select * from ignored
)

select
    row_number() over (order by named.datasource_id, named.raw_name, named.raw_column, named.valid_from)::integer as mapping_id,
    -- the key of a reading less its time: several raw names may mean one series, and their readings compete
    dense_rank() over (order by named.source_name, named.sensor_id, named.means)::integer as series_id,
    named.datasource_id,
    named.raw_name,
    named.raw_column,
    named.disposition,
    datasources.building_id,
    named.source_name as source,
    named.public_location as location,
    named.sensor_id,
    named.means as measurement,
    -- to the measurement's unit, then what the sensor needs
    coalesce(conversions.scale, 1) * coalesce(named.scale::double, 1) as scale,
    coalesce(conversions."offset", 0) * coalesce(named.scale::double, 1) + coalesce(named."offset"::double, 0) as "offset",
    named.value_min,
    named.value_max,
    -- local dates of the building's clock, as instants
    coalesce(named.valid_from::date, date '0001-01-01')::timestamp at time zone datasources.timezone as valid_from,
    coalesce(named.valid_to::date, date '9999-12-31')::timestamp at time zone datasources.timezone as valid_to
from named
inner join {{ ref("datasources_config") }} as datasources on named.datasource_id = datasources.datasource_id
left join {{ ref("unit_conversions") }} as conversions
    on named.written_unit = conversions.unit and named.means = conversions.measurement
