{%- for layout in layouts("wide") %}
{%- set location_column = layout["location_column"] %}
{%- set keys = fromjson(layout["timestamp_columns"]) + ([location_column] if location_column not in ("", "{device}") else []) %}
{%- set values = [] %}
{%- for column in fromjson(layout["columns"]) if column not in keys %}{% do values.append(column) %}{% endfor %}
{%- if not loop.first %}
union all by name
{% endif %}
select
    filename as landed_text,
    source_line,
    timestamp,
    {% if location_column in ("", "{device}") -%} null::varchar {%- else -%} trim({{ quoted(location_column) }}) {%- endif %} as device,
    raw_column,
    raw_value,
    number,
    {{ is_null(layout) }} as is_null
from (
    select
        *,
        {%- for column in values %}
        {{ number(quoted(column), layout["decimal_mark"]) }} as number_{{ loop.index }}{{ "," if not loop.last }}
        {%- endfor %}
    from ({{ dated_lines(layout) }})
) unpivot include nulls (
    (raw_value, number) for raw_column in (
        {%- for column in values %}
        ({{ quoted(column) }}, number_{{ loop.index }}) as {{ literal(column) }}{{ "," if not loop.last }}
        {%- endfor %}
    )
)
{%- else %}
select
    null::varchar as landed_text, null::integer as source_line, null::timestamptz as timestamp, null::varchar as device,
    null::varchar as raw_column, null::varchar as raw_value, null::double as number,
    null::boolean as is_null
where false
{%- endfor %}
