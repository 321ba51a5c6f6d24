{{ config(materialized="ephemeral") }}

select * from {{ plan("buildings_config") }}
