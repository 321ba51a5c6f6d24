-- What was forecast of a row of forecasts.csv, added to the tables that forecasts.yml declares. Times are seconds since 1970.

insert into fact_prediction by name
with of_row as (
    -- what was never below 0 is not expected to be
    select if(min(value) >= 0, 0, null) as least from known
)

select
    $forecast_id as forecast_id,
    $building_id as building_id,
    $measurement as measurement,
    series.source,
    series.location,
    to_timestamp($end) as issue_time,
    to_timestamp($end + (expected.horizon - 1) * $minutes * 60) as target_time,
    expected.horizon * $minutes as horizon,
    expected.method as model,
    greatest(expected.value, of_row.least) as value,
    if($is_presence, expected.value, null) as probability,
    greatest(expected.value - expected.width_80, of_row.least) as lower_80,
    expected.value + expected.width_80 as upper_80,
    greatest(expected.value - expected.width_95, of_row.least) as lower_95,
    expected.value + expected.width_95 as upper_95,
    expected.baseline,
    expected.baseline_value
from expected
inner join series using (series)
cross join of_row;

insert into forecast_quality by name
select
    $forecast_id as forecast_id,
    $building_id as building_id,
    $measurement as measurement,
    series.source,
    series.location,
    quality.method as model,
    quality.* exclude (series, method, baseline, width_80, width_95)
    replace (quality.first_horizon * $minutes as first_horizon, quality.last_horizon * $minutes as last_horizon)
from quality
inner join series using (series);

insert into dim_target by name
select
    $forecast_id as forecast_id,
    $building_id as building_id,
    $measurement as measurement,
    $unit as unit,
    $minutes as minutes,
    $hours as hours,
    $covariates as covariates,
    $is_presence as is_probability;

insert into dim_model by name
select
    $forecast_id as forecast_id,
    name as model,
    is_baseline,
    description,
    trained_on
from methods;

insert into dim_horizon by name
select
    $forecast_id as forecast_id,
    one.horizon * $minutes as horizon,
    bands.first_horizon * $minutes as first_horizon,
    bands.last_horizon * $minutes as last_horizon
from bands
cross join lateral (select unnest(generate_series(bands.first_horizon, bands.last_horizon)) as horizon) as one
