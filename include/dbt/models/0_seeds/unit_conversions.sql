{{ config(materialized="ephemeral") }}

-- how a value in a unit becomes one in the measurement's: value * scale + offset
select * from {{ plan("unit_conversions") }}
