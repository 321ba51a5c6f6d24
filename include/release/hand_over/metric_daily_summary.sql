-- the twelve columns that the roadmap names, rounded as it rounds
select
    local_date as date,
    datasource_id as datasource,
    measurement,
    row_count,
    unique_timestamps,
    null_count,
    round(null_pct, 2) as null_pct,
    min_value,
    max_value,
    round(avg_value, 2) as avg_value,
    round(std_dev, 2) as std_dev,
    locations_active
from metric_daily_summary
where building_id = $building_id
order by date desc, datasource, measurement
