{{ config(materialized="ephemeral") }}

-- which row of datasource_mappings describes a column: names and regexes are compared in Python, as validation does
select * from {{ plan("value_columns") }}
