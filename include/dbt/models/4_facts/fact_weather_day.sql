{{ config(materialized="parquet_batches", batches="fact_months", same_bytes=true, may_be_idle=true) }}

with hours as (
    select * from {{ batch_of(ref("fact_weather_hour")) }}
),

{{ calendar_of("hours") }}

select
    calendar.local_date,
    getvariable('building_id') as building_id,
    hours.site,
    hours.issue_date,
    max(hours.issue_time) as issue_time,
    min(hours.lead_hours) as lead_hours,
    {{ exact_mean("hours.temperature_c") }} as temperature_c,
    min(hours.temperature_c) as temperature_min_c,
    max(hours.temperature_c) as temperature_max_c,
    {{ exact_mean("hours.humidity_pct") }} as humidity_pct,
    {{ exact_sum("hours.precipitation_mm") }} as precipitation_mm,
    {{ exact_mean("hours.radiation_wm2") }} as radiation_wm2,
    count(*) as hours,
    max(hours.n_model_runs)::integer as n_model_runs
from hours
inner join calendar on hours.timestamp = calendar.timestamp
group by all
order by hours.site, calendar.local_date, hours.issue_date
