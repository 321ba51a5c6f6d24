-- Who has superseded the readings of one file: a later line of its own, or another file.
--
-- $number  of the file version;  $rejected, $readings  its months
select
    count_if(readings.source_file = rejected.source_file) as by_itself,
    count_if(readings.source_file <> rejected.source_file) as by_others
from read_parquet($rejected) as rejected
inner join read_parquet($readings) as readings using (timestamp, source, sensor_id, measurement)
where rejected.source_file = $number and rejected.reason = 'superseded'
