{%- for layout in layouts() %}
{%- if not loop.first %}
union all by name
{% endif %}
select
    filename as landed_values,
    source_line,
    timestamp,
    device,
    measurement as raw_measurement,
    raw_column,
    number,
    unreadable
from (
    select *
    from read_parquet({{ literals(fromjson(layout["paths"])) }}, filename = true)
    where coalesce(list_contains(getvariable('landed_values'), filename), true)
) unpivot include nulls (
    (number, unreadable) for raw_column in (
        {%- for column in fromjson(layout["columns"]) %}
        (n{{ loop.index0 }}, t{{ loop.index0 }}) as {{ literal(column) }}{{ "," if not loop.last }}
        {%- endfor %}
    )
)
{%- else %}
select
    null::varchar as landed_values, null::integer as source_line, null::timestamptz as timestamp, null::varchar as device,
    null::varchar as raw_measurement, null::varchar as raw_column, null::double as number, null::varchar as unreadable
where false
{%- endfor %}
