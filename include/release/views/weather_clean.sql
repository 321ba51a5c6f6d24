with forecasts as (
    select
        *,
        regexp_extract(location, '^(.+)/\+(\d+)h$', ['site', 'lead']) as place
    from public_dataset_raw
    where regexp_matches(location, '/\+\d+h$')
)

select
    forecasts.timestamp,
    forecasts.building_id,
    forecasts.place.site,
    forecasts.place.lead::integer as lead_hours,
    forecasts.timestamp - to_hours(forecasts.place.lead::integer) as issue_time,
    forecasts.measurement,
    forecasts.value,
    dim_measurement.unit,
    forecasts.quality = 'outlier' as is_outlier,
    forecasts.source_file,
    forecasts.source_line
from forecasts
inner join dim_measurement on forecasts.measurement = dim_measurement.measurement
