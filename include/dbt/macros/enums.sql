{#
Enum types named after columns, of the texts that stand in them. Parquet takes an enum's dictionary as it is, where it
would look up every row's text; written and read back, the column is text.
#}
{% macro enums(relation, columns) %}
    {%- for column in columns %}
    create or replace temp type {{ column }}_enum as enum (select distinct {{ column }} from {{ relation }} order by all);
    {%- endfor %}
{% endmacro %}
