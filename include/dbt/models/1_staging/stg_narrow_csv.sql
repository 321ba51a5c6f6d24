{%- for layout in layouts("narrow") %}
{%- set location_column = layout["location_column"] %}
{%- set keys = fromjson(layout["timestamp_columns"]) + [layout["measurement_column"]] + ([location_column] if location_column not in ("", "{device}") else []) %}
{%- for column in fromjson(layout["columns"]) if column not in keys %}
select
    filename as landed_text,
    source_line,
    timestamp,
    {% if location_column in ("", "{device}") -%} null::varchar {%- else -%} trim({{ quoted(location_column) }}) {%- endif %} as device,
    trim({{ quoted(layout["measurement_column"]) }}) as raw_measurement,
    {{ literal(column) }} as raw_column,
    {{ quoted(column) }} as raw_value,
    {{ number(quoted(column), layout["decimal_mark"]) }} as number,
    {{ is_null(layout) }} as is_null
from ({{ dated_lines(layout) }})
union all by name
{%- endfor %}
{%- endfor %}
select
    null::varchar as landed_text, null::integer as source_line, null::timestamptz as timestamp, null::varchar as device,
    null::varchar as raw_measurement, null::varchar as raw_column, null::varchar as raw_value, null::double as number,
    null::boolean as is_null
where false
