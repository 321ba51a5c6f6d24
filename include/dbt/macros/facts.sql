{#
What facts are made of, as CTEs: `fed` are the month's readings that rows of fact_columns.csv feed into columns of the
fact, in the units of these columns. A reading feeds as many columns as rows name it. `minute` is a whole number.
#}
{% macro fed(fact) %}
feeding as (
    select *
    from {{ plan("fact_columns") }}
    where building_id = getvariable('building_id') and fact = {{ literal(fact) }} and unit <> ''
),

fed as (
    select
        readings.timestamp,
        epoch_us(readings.timestamp) // 60000000 as minute,
        readings.source,
        readings.location,
        readings.sensor_id,
        feeding."column",
        feeding.kind,
        readings.value * feeding.scale + feeding."offset" as value,
        readings.quality = 'ok' as is_ok,
        readings.source_file,
        readings.source_line
    from {{ batch_of(ref("fct_sensor_readings")) }} as readings
    inner join feeding on readings.measurement = feeding.measurement
    where feeding.sensors is null or list_bool_or(list_transform(feeding.sensors, lambda pattern: readings.sensor_id glob pattern))
)
{%- endmacro %}

{# The mean of a column's values, without outliers; it does not depend on threads or the order of rows. #}
{% macro mean_fed(column) -%}
    {%- set these = "filter (where \"column\" = " ~ literal(column) ~ " and is_ok)" -%}
    {{ exact_mean("value", these) }}
{%- endmacro %}

{% macro any_fed(column) -%}
    bool_or(value <> 0) filter (where "column" = {{ literal(column) }} and is_ok)
{%- endmacro %}

{# The value with the shortest lead. #}
{% macro newest(column) -%}
    arg_min(value, lead_hours) filter (where "column" = {{ literal(column) }} and is_ok)
{%- endmacro %}

{% macro exact_mean(value, these="") -%}
    case
        when min({{ value }}) {{ these }} = max({{ value }}) {{ these }} then min({{ value }}) {{ these }}
        else (sum({{ value }}::decimal(38, 9)) {{ these }})::double / count({{ value }}) {{ these }}
    end
{%- endmacro %}

{% macro exact_sum(value, these="") -%}
    case
        when count({{ value }}) {{ these }} = 1 then min({{ value }}) {{ these }}
        else (sum({{ value }}::decimal(38, 15)) {{ these }})::double
    end
{%- endmacro %}

{# The local date and the local hour of each time that there is, found once. #}
{% macro calendar_of(relation) %}
calendar as (
    select
        timestamp,
        (timestamp at time zone getvariable('timezone'))::date as local_date,
        timestamp - to_minutes(extract(minute from timestamp at time zone getvariable('timezone'))::bigint) as hour
    from (select distinct timestamp from {{ relation }})
)
{%- endmacro %}

{# What a sensor is: the third of the four parts of its id, or else the make of the device. #}
{% macro sensor_type(sensor_id, source) -%}
    case
        when len(string_split({{ sensor_id }}, '/')) = 4 then string_split({{ sensor_id }}, '/')[3]
        else {{ source }}
    end
{%- endmacro %}

{# Roll-ups of a fact by the minute; `by` is a column of calendar_of(). #}
{% macro energy_by(by) %}
with minutes as (
    select * from {{ batch_of(ref("fact_energy_minute")) }}
),

{{ calendar_of("minutes") }}

select
    calendar.{{ by }}{{ " as timestamp" if by == "hour" }},
    getvariable('building_id') as building_id,
    minutes.location,
    minutes.sensor_id,
    {{ exact_mean("minutes.power_w") }} as power_w,
    max(minutes.power_w) as power_max_w,
    {{ exact_sum("minutes.energy_kwh") }} as energy_kwh,
    {{ exact_sum("minutes.cost_chf") }} as cost_chf,
    count(*) as minutes,
    count_if(not minutes.is_valid) as invalid_minutes
from minutes
inner join calendar on minutes.timestamp = calendar.timestamp
group by all
order by minutes.location, minutes.sensor_id, calendar.{{ by }}
{%- endmacro %}

{% macro environment_by(by) %}
with minutes as (
    select
        *,
        -- opened since the minute before; of the month's first one nobody knows
        window_open_flag and not lag(window_open_flag, 1, true) over (partition by location order by timestamp) as is_opening
    from {{ batch_of(ref("fact_environment_minute")) }}
),

{{ calendar_of("minutes") }}

select
    calendar.{{ by }}{{ " as timestamp" if by == "hour" }},
    getvariable('building_id') as building_id,
    minutes.location,
    {%- for column in ["temperature_c", "humidity_pct", "co2_ppm", "noise_db", "pressure_hpa"] %}
    {{ exact_mean("minutes." ~ column) }} as {{ column }},
    {%- endfor %}
    min(minutes.temperature_c) as temperature_min_c,
    max(minutes.temperature_c) as temperature_max_c,
    max(minutes.co2_ppm) as co2_max_ppm,
    if(count(minutes.window_open_flag) > 0, count_if(minutes.window_open_flag), null) as window_open_minutes,
    if(count(minutes.window_open_flag) > 0, count_if(minutes.is_opening), null) as window_openings,
    if(count(minutes.door_open_flag) > 0, count_if(minutes.door_open_flag), null) as door_open_minutes,
    count(*) as minutes,
    count_if(minutes.is_anomaly) as anomaly_minutes
from minutes
inner join calendar on minutes.timestamp = calendar.timestamp
group by all
order by minutes.location, calendar.{{ by }}
{%- endmacro %}

{% macro presence_by(by) %}
with minutes as (
    select * from {{ batch_of(ref("fact_presence_minute")) }}
),

{{ calendar_of("minutes") }}

select
    calendar.{{ by }}{{ " as timestamp" if by == "hour" }},
    getvariable('building_id') as building_id,
    minutes.location,
    sum(minutes.motion_count)::bigint as motion_count,
    count_if(minutes.presence_flag) as presence_minutes,
    if(count(minutes.door_open_flag) > 0, count_if(minutes.door_open_flag), null) as door_open_minutes,
    count(*) as minutes
from minutes
inner join calendar on minutes.timestamp = calendar.timestamp
group by all
order by minutes.location, calendar.{{ by }}
{%- endmacro %}
