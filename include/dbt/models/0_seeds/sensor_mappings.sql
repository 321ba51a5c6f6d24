{{ config(materialized="ephemeral") }}

select * from {{ plan("sensor_mappings") }}
