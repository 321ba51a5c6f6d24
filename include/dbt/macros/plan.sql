{# Empty while dbt parses: what a manifest holds is the same for every DATA_DIR. #}
{% macro data_dir() -%}
    {%- if execute %}{{ env_var("DATA_DIR") }}{% endif -%}
{%- endmacro %}

{# What the run was asked to build: Parquet tables that include/planning.py writes. #}
{% macro plan(table) -%}
    read_parquet('{{ data_dir() }}/work/plan/{{ table }}.parquet')
{%- endmacro %}

{# Where the files of a batched model go, one per batch; as in include/paths.py. #}
{% macro built(model_name, batch) -%}
    {{ data_dir() }}/work/built/{{ "aggregates" if model_name.startswith("agg_") else "readings" }}/{{ model_name }}{{ "." ~ batch if batch }}.parquet
{%- endmacro %}

{# What a batched model holds for the batch that is being built. #}
{% macro batch_of(relation) -%}
    read_parquet(replace({{ literal(built(relation.identifier, "*")) }}, '*', getvariable('batch')))
{%- endmacro %}

{# Distinct ways in which the planned files are written; SQL for a file is made from its layout, never guessed. #}
{% macro layouts(shape) %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set found = run_query(
        "select columns, timestamp_columns, location_column, measurement_column, date_format, decimal_mark, null_tokens, utc_offset,"
        ~ " clock_changes, to_json(list(landed_text order by number))::varchar as paths"
        ~ " from " ~ plan("files") ~ " where shape = '" ~ shape ~ "'"
        ~ " group by all order by min(number)"
    ) -%}
    {{ return(found.rows) }}
{% endmacro %}

{% macro quoted(name) -%}
    "{{ name | replace('"', '""') }}"
{%- endmacro %}

{% macro literal(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}
