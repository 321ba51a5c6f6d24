{# Empty while dbt parses: what a manifest holds is the same for every DATA_DIR. #}
{% macro data_dir() -%}
    {%- if execute %}{{ env_var("DATA_DIR") }}{% endif -%}
{%- endmacro %}

{# What the run was asked to build: Parquet tables that include/planning/tables.py writes. source() is for dbt's lineage alone. #}
{% macro plan(table) -%}
    {%- do source("plan", table) -%}
    read_parquet({{ literal(data_dir() ~ "/work/plan/" ~ table ~ ".parquet") }})
{%- endmacro %}

{# Where the files of a batched model go, one per batch; as in include/core/paths.py. #}
{% macro built(model_name, batch="") -%}
    {{ data_dir() }}/work/built/{{ "aggregates" if model_name.startswith("agg_") else "readings" }}/{{ model_name }}{{ "." ~ batch if batch }}.parquet
{%- endmacro %}

{# What a batched model holds for the batch that is being built; where no batch is planned, the file `empty` if that is given. #}
{% macro batch_of(relation, empty=none) -%}
    {%- set path = literal(built(relation.identifier).removesuffix(".parquet") ~ ".") ~ " || getvariable('batch') || '.parquet'" -%}
    read_parquet({{ "if(getvariable('batch') = 'nothing', " ~ empty ~ ", " ~ path ~ ")" if empty else path }})
{%- endmacro %}

{# Distinct lists of value columns in the planned files, each with the files that have it. #}
{% macro layouts() %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set found = run_query(
        "select columns, to_json(list(distinct landed_values order by landed_values))::varchar as paths"
        ~ " from " ~ plan("files") ~ " group by columns order by min(number)"
    ) -%}
    {{ return(found.rows) }}
{% endmacro %}

{% macro quoted(name) -%}
    "{{ name | replace('"', '""') }}"
{%- endmacro %}

{% macro literal(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}

{# A list of texts, such as paths: DuckDB takes a path that exists as it is written, whatever it looks like. #}
{% macro literals(texts) -%}
    [{% for text in texts %}{{ literal(text) }}{{ ", " if not loop.last }}{% endfor %}]
{%- endmacro %}
