-- The stored windows of one series, in order.
-- Parameters: $table: Parquet of a grain; $building, $source, $location, $measurement;
-- $start, $stop: instants, half open.

select
    epoch(timestamp)::bigint as second,
    value_mean as mean,
    value_min as min,
    value_max as max,
    value_sum as sum,
    count
from read_parquet($table)
where
    building_id = $building
    and source = $source
    and location = $location
    and measurement = $measurement
    and timestamp >= $start
    and timestamp < $stop
order by timestamp
