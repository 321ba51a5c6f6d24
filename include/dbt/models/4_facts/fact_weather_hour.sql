{{ config(materialized="parquet_batches", batches="fact_months", same_bytes=true, may_be_idle=true) }}

-- a location is site/+lead; a run's first hour has no value of what accumulates
with {{ fed("weather") }},

forecasts as (
    select
        *,
        regexp_extract(location, '^(.+)/\+\d+h$', 1) as site,
        regexp_extract(location, '\+(\d+)h$', 1)::integer as lead_hours,
        timestamp - to_hours(regexp_extract(location, '\+(\d+)h$', 1)::integer) as issue_time
    from fed
    where regexp_matches(location, '/\+\d+h$')
)

select
    timestamp,
    getvariable('building_id') as building_id,
    site,
    (issue_time at time zone 'UTC')::date as issue_date,
    max(issue_time) as issue_time,
    min(lead_hours) as lead_hours,
    {{ newest("temperature_c") }} as temperature_c,
    {{ newest("humidity_pct") }} as humidity_pct,
    {{ newest("precipitation_mm") }} as precipitation_mm,
    {{ newest("radiation_wm2") }} as radiation_wm2,
    count(distinct lead_hours)::integer as n_model_runs
from forecasts
group by timestamp, site, (issue_time at time zone 'UTC')::date
order by site, timestamp, issue_date
