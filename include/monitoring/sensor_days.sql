-- What the checks look at: one row per sensor, measurement and whole local day, whichever datasources it came from.
--
-- $days, $timezone, $as_of  files of metric_sensor_day; days that are not over at $as_of are left out
select
    local_date,
    building_id,
    source,
    sensor_id,
    measurement,
    sum(row_count)::bigint as row_count,
    sum(null_count)::bigint as null_count,
    max(expected_rows) as expected_rows,
    min(first_timestamp) as first_timestamp,
    max(last_timestamp) as last_timestamp,
    sum(total)::double / nullif(sum(ok_count), 0) / 1e6 as value_mean,
    case
        when count(*) = 1 then any_value(value_std)
        else sqrt(greatest(0, sum(squares)::double - sum(total)::double ** 2 / sum(ok_count)) / nullif(sum(ok_count) - 1, 0)) / 1e6
    end as value_std
from read_parquet($days)
where end_of_day(local_date, $timezone) <= $as_of
group by local_date, building_id, source, sensor_id, measurement
