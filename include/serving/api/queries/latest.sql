-- The last hour of every series of a building.
-- Parameters: $table: hourly Parquet; $building; $since: an instant, for what is older is not looked at.

select
    source,
    location,
    measurement,
    max(timestamp) as timestamp,
    max_by(value_mean, timestamp) as mean,
    max_by(value_sum, timestamp) as sum
from read_parquet($table)
where building_id = $building and timestamp >= $since
group by all
order by all
