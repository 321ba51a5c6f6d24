{#
What amounts are made of, as CTEs: `accumulating` has the kind and the limits of each source and measurement, from the
seeds alone; `in_order` are the month's readings, each beside the one before and the one after it of its series; `carried`
are the last readings of each series before the month. Outliers are left out. Instants are microseconds.

Readings are stored series by series in order of time. A window function with an empty OVER goes through them as they
lie, which DuckDB promises; to sort 26 million again took a minute.
#}
{% macro readings_of_amounts() %}
accumulating as (
    select
        declared.source_name as source,
        measurements.measurement,
        {{ quantity_id("try_cast(declared.source_name as source_enum)", "try_cast(measurements.measurement as measurement_enum)") }}
            as quantity_id,
        any_value(measurements.kind) as kind,
        any_value(measurements.amount) as amount,
        any_value(measurements.amount_scale) as scale,
        max(coalesce(declared.gap_minutes::double, 60)) * 60000000 as gap,
        max(declared.max_per_hour::double) as max_per_hour
    from {{ ref("datasource_mappings") }} as declared
    inner join {{ ref("datasources_config") }} as datasources on declared.datasource_id = datasources.datasource_id
    left join {{ ref("sensor_mappings") }} as named on declared.datasource_id = named.datasource_id
    inner join {{ ref("measurements") }} as measurements
        on measurements.measurement = declared.measurement or measurements.measurement = named.measurement
    where
        datasources.building_id = getvariable('building_id')
        and measurements.amount_scale is not null
    group by declared.source_name, measurements.measurement
),

carried as materialized (
    select {{ reading_in_a_series() }}
    from read_parquet(coalesce(getvariable('carried'), {{ no_readings() }}))
),

in_order as not materialized (
    select
        *,
        coalesce(lag(series) over () = series, false) as has_earlier,
        coalesce(lead(series) over () = series, false) as has_later,
        lag(instant) over () as earlier,
        lag(value) over () as earlier_value,
        lead(instant) over () as later
    from {{ readings_of("kind is not null") }} as readings
)
{%- endmacro %}

{# A source and measurement as one number; with the sensor it is a series. #}
{% macro quantity_id(source, measurement) -%}
    enum_code({{ source }})::bigint * 65536 + enum_code({{ measurement }})
{%- endmacro %}

{% macro reading_in_a_series() %}
    {{ quantity_id("source::source_enum", "measurement::measurement_enum") }} as quantity_id,
    quantity_id * 4294967296 + enum_code(sensor_id::sensor_id_enum) as series,
    epoch_us(timestamp) as instant,
    source::source_enum as source,
    location::location_enum as location,
    sensor_id::sensor_id_enum as sensor_id,
    measurement::measurement_enum as measurement,
    value,
    source_file,
    source_line
{%- endmacro %}

{#
The month's readings of some kinds, as they lie. A list is looked up in a sixth of the time that a semi-join takes.
#}
{% macro readings_of(kinds) %}
    (
        select {{ reading_in_a_series() }}
        from {{ batch_of(ref("fct_sensor_readings"), empty=no_readings()) }}
        where
            quality = 'ok'
            and list_contains((select list(accumulating.measurement) from accumulating where {{ kinds }}), measurement)
    )
{%- endmacro %}

{# An empty table of readings, as in include/planning/tables.py. #}
{% macro no_readings() -%}
    {{ literal(data_dir() ~ "/work/plan/no_readings.parquet") }}
{%- endmacro %}

{# Enum types of the names in readings and in what was before them. #}
{% macro enums_of_amounts() %}
    {%- set columns = ["source", "location", "sensor_id", "measurement"] -%}
    {%- set names = columns | join(", ") -%}
    {%- set own = "building_id in (select building_id from " ~ plan("amount_months") ~ ")" -%}
    {{ enums(
        "(select " ~ names ~ " from " ~ ref("fct_sensor_readings") ~ " where " ~ own
        ~ " union all select " ~ names ~ " from " ~ plan("carried_names") ~ ")",
        columns,
    ) }}
{% endmacro %}
