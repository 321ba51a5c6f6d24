-- What was issued of a row of forecasts.csv, beside what came of it. `of_row` is replaced by the row's name.
insert into forecast_held by name
select
    earlier.forecast_id,
    earlier.building_id,
    earlier.source,
    earlier.location,
    earlier.measurement,
    earlier.issue_time,
    earlier.target_time,
    (epoch(earlier.target_time) - epoch(earlier.issue_time)) / 60 + $minutes as horizon,
    earlier.model,
    earlier.value,
    known.value as actual,
    earlier.lower_80,
    earlier.upper_80,
    earlier.lower_95,
    earlier.upper_95
from read_parquet($paths, union_by_name = true) as earlier
inner join series_of_row as own on earlier.source = own.source and earlier.location = own.location
inner join known_of_row as known
    on own.series = known.series and epoch(earlier.target_time)::bigint // ($minutes * 60) = known.slot
where earlier.forecast_id = $forecast_id
