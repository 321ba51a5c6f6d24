-- The stored windows of all series of a building.
-- Parameters: $table: Parquet of a grain; $building.

select
    source,
    location,
    measurement,
    epoch(timestamp)::bigint as second,
    local_date::varchar as local_date,
    value_mean as mean,
    value_min as min,
    value_max as max,
    value_sum as sum,
    count
from read_parquet($table)
where building_id = $building
