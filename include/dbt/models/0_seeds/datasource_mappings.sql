{{ config(materialized="ephemeral") }}

select * from {{ plan("datasource_mappings") }}
