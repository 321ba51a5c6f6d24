{#
What the readings of a month are that amounts are made of, as CTEs: `makers` says of each source and measurement its
kind and limits, from the seeds alone; `readings` are those of the batch, after the last one of each series before it.
Outliers are left out. Series are numbers: to sort by their texts took twice the time.
#}
{% macro readings_of_amounts() %}
makers as (
    select
        declared.source_name as source,
        measurements.measurement,
        any_value(measurements.kind) as kind,
        any_value(measurements.amount) as amount,
        any_value(conversions.scale) as scale,
        max(coalesce(declared.gap_minutes::double, 60)) * 60000000 as gap,
        max(declared.max_per_hour::double) as max_per_hour
    from {{ ref("datasource_mappings") }} as declared
    inner join {{ ref("datasources_config") }} as datasources on declared.datasource_id = datasources.datasource_id
    left join {{ ref("sensor_mappings") }} as named on declared.datasource_id = named.datasource_id
    inner join {{ ref("measurements") }} as measurements
        on measurements.measurement = declared.measurement or measurements.measurement = named.measurement
    inner join {{ ref("unit_conversions") }} as conversions
        on
            measurements.amount = conversions.measurement
            and conversions.unit = case measurements.kind
                when 'rate' then measurements.unit || '.s'
                when 'state' then 's'
                else measurements.unit
            end
    where
        datasources.building_id = getvariable('building_id')
        and measurements.kind in ('counter', 'rate', 'state', 'event')
    group by 1, 2
),

measured as (
    select timestamp, source, location, sensor_id, measurement, value, source_file, source_line
    from {{ batch_of(ref("fct_sensor_readings")) }}
    where
        quality = 'ok'
        and measurement in (select measurement from makers)
    union all
    select timestamp, source, location, sensor_id, measurement, value, source_file, source_line
    from read_parquet(getvariable('carried'))
),

series as materialized (
    select
        row_number() over (order by names.source, names.sensor_id, names.measurement)::integer as series_id,
        names.*,
        makers.* exclude (source, measurement)
    from (select distinct source, sensor_id, measurement from measured) as names
    inner join makers on names.source = makers.source and names.measurement = makers.measurement
),

places as materialized (
    select
        row_number() over (order by location)::integer as place_id,
        location
    from (select distinct location from measured)
),

readings as (
    select
        series.series_id,
        places.place_id,
        measured.timestamp,
        measured.value,
        measured.source_file,
        measured.source_line
    from measured
    inner join series
        on measured.source = series.source and measured.sensor_id = series.sensor_id and measured.measurement = series.measurement
    inner join places on measured.location = places.location
)
{%- endmacro %}
