-- How far the methods of a forecast were off in the weeks before.
-- Parameters: $quality: Parquet of the last forecast; $locations, $measurements: of the series that are asked for.

select * exclude (forecast_id, building_id)
from read_parquet($quality)
where list_contains($locations, location) and list_contains($measurements, measurement)
order by all
