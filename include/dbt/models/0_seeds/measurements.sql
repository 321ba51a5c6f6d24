{{ config(materialized="ephemeral") }}

select * from {{ plan("measurements") }}
