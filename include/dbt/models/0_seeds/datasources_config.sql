{{ config(materialized="ephemeral") }}

select * from {{ plan("datasources_config") }}
