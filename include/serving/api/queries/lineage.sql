-- The readings that a window was made of, each with the raw file and line it comes from.
-- Parameters: $readings: Parquet of a month of readings; $source, $location, $measurement;
-- $start, $stop: instants, half open.

select timestamp, sensor_id, value, quality, source_file, source_line
from read_parquet($readings)
where
    source = $source
    and location = $location
    and measurement = $measurement
    and timestamp >= $start
    and timestamp < $stop
order by timestamp, sensor_id
