{#
Moments in whole millionths: exact, so that neither threads nor the order of rows move the last bits. Outliers are left
out, as they are of the aggregates; so are values of ten billion and more, whose squares would run over.
#}
{% macro millionths() -%}
    case when quality = 'ok' and abs(value) < 1e10 then (value * 1e6)::bigint end
{%- endmacro %}

{# Mean and sample standard deviation from `count`, `total` and `squares` of millionths; no deviation for one reading. #}
{% macro mean_of(count, total) -%}
    {{ total }} / nullif({{ count }}, 0) / 1e6
{%- endmacro %}

{% macro sample_std(count, total, squares) -%}
    {%- set about = "(" ~ total ~ " // nullif(" ~ count ~ ", 0))" -%}
    case when {{ count }} > 1 then
        sqrt(
            ({{ squares }} - 2 * {{ about }} * {{ total }} + {{ count }} * {{ about }} * {{ about }}
            - ({{ total }} - {{ count }} * {{ about }})::double ** 2 / {{ count }}) / ({{ count }} - 1)
        ) / 1e6
    end
{%- endmacro %}

{# The days of the batch's month on the building's calendar, as a table with the column local_date. #}
{% macro local_dates() -%}
    (
        select unnest(generate_series(
            (getvariable('start') at time zone getvariable('timezone'))::date,
            (getvariable('stop') at time zone getvariable('timezone'))::date - 1,
            interval 1 day
        ))::date as local_date
    )
{%- endmacro %}

{# A local day has 23, 24 or 25 hours. #}
{% macro seconds_of_day(local_date) -%}
    epoch(
        ({{ local_date }} + 1)::timestamp at time zone getvariable('timezone')
        - {{ local_date }}::timestamp at time zone getvariable('timezone')
    )
{%- endmacro %}
