{{ config(materialized="ephemeral") }}

select * from {{ plan("location_map") }}
