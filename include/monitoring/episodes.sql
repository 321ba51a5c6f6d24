-- Episodes of one series that touch, or are less than $flicker hours apart, become one.
with ordered as (
    select
        *,
        max(until) over (
            partition by "check", building_id, source, sensor_id, measurement
            order by since, until
            rows between unbounded preceding and 1 preceding
        ) as reached
    from found
),

numbered as (
    select
        *,
        count_if(reached is null or since > reached + to_hours($flicker)) over (
            partition by "check", building_id, source, sensor_id, measurement
            order by since, until
        ) as number
    from ordered
)

select
    "check",
    building_id,
    source,
    coalesce(sensor_id, '') as sensor_id,
    coalesce(any_value(sensors.location), '') as location,
    coalesce(measurement, '') as measurement,
    min(since) as since,
    max(until) as until,
    bool_or(is_error) as is_error,
    arg_max(evidence, until - since) || if(count(*) > 1, format(' ({} times)', count(*)), '') as evidence
from numbered
left join sensors using (building_id, source, sensor_id)
group by "check", building_id, source, sensor_id, measurement, number
order by all
