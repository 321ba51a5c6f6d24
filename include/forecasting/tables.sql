-- What was forecast of a row of forecasts.csv, added to the tables that forecasts.yml declares. `of_series` is replaced by the
-- series of the row.
insert into fact_prediction by name
select
    $forecast_id as forecast_id,
    $building_id as building_id,
    $measurement as measurement,
    of_series.source,
    of_series.location,
    to_timestamp(($last_hour + 1) * 3600) as issue_time,
    to_timestamp(($last_hour + expected.horizon) * 3600) as target_time,
    expected.horizon,
    expected.method as model,
    expected.value,
    expected.value - expected.width_80 as lower_80,
    expected.value + expected.width_80 as upper_80,
    expected.value - expected.width_95 as lower_95,
    expected.value + expected.width_95 as upper_95,
    expected.baseline,
    expected.baseline_value
from expected
inner join of_series using (series);

insert into forecast_quality by name
select
    $forecast_id as forecast_id,
    $building_id as building_id,
    $measurement as measurement,
    of_series.source,
    of_series.location,
    quality.method as model,
    quality.* exclude (series, method, baseline, width_80, width_95)
from quality
inner join of_series using (series)
