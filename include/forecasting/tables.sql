-- The tables of a row of forecasts.csv, added to those of the others.
create table if not exists predictions (
    forecast_id varchar, building_id varchar, source varchar, location varchar, measurement varchar,
    issue_time timestamptz, target_time timestamptz, horizon integer, model varchar, value double,
    lower_80 double, upper_80 double, lower_95 double, upper_95 double, baseline varchar, baseline_value double
);

insert into predictions by name
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

create table if not exists qualities (
    forecast_id varchar, building_id varchar, source varchar, location varchar, measurement varchar,
    first_horizon integer, last_horizon integer, model varchar, is_served boolean, windows bigint,
    mae double, mase double, gain double, coverage_80 double, coverage_95 double
);

insert into qualities by name
select
    $forecast_id as forecast_id,
    $building_id as building_id,
    $measurement as measurement,
    of_series.source,
    of_series.location,
    quality.first_horizon,
    quality.last_horizon,
    quality.method as model,
    quality.is_served,
    quality.windows,
    quality.mae,
    quality.mase,
    quality.gain,
    quality.coverage_80,
    quality.coverage_95
from quality
inner join of_series using (series)
