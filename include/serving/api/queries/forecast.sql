-- What is expected of the series of a building, hour by hour. The same columns as of what was expected of the last
-- week, where each hour is as its last forecast had it.
-- Parameters: $expected, $held: Parquet of the last forecast; $locations, $measurements: of the series that are asked for.

with held as (
    from read_parquet($held)
    qualify row_number() over (partition by source, location, measurement, target_time order by issue_time desc) = 1
),

found as (
    select 'expected' as kind, * from read_parquet($expected)
    union all by name
    select 'held' as kind, * from held
)

select
    kind,
    source,
    location,
    measurement,
    epoch(target_time)::bigint as t,
    horizon,
    model,
    value,
    lower_80,
    upper_80,
    lower_95,
    upper_95,
    baseline,
    baseline_value,
    actual
from found
where list_contains($locations, location) and list_contains($measurements, measurement)
order by all
