{{ config(materialized="parquet_batches", batches="fact_months", same_bytes=true, may_be_idle=true) }}

with {{ fed("environment") }}

select
    make_timestamptz(minute * 60000000) as timestamp,
    getvariable('building_id') as building_id,
    location,
    {{ mean_fed("temperature_c") }} as temperature_c,
    {{ mean_fed("humidity_pct") }} as humidity_pct,
    {{ mean_fed("co2_ppm") }} as co2_ppm,
    {{ mean_fed("noise_db") }} as noise_db,
    {{ mean_fed("pressure_hpa") }} as pressure_hpa,
    {{ any_fed("window_open_flag") }} as window_open_flag,
    {{ any_fed("door_open_flag") }} as door_open_flag,
    bool_or(not is_ok) as is_anomaly
from fed
group by minute, location
order by location, minute
