{#
Aggregates of one grain, from the moments of blocks: the hours, days, weeks and months of the window are made of whole
blocks. Sums are taken in order of time, so that the bytes do not depend on threads;
the deviation is computed about the mean, so that a constant has none.
#}
{% macro aggregate(grain) %}
{%- set zone = "getvariable('timezone')" -%}
with windows as (
    select
        *,
        {% if grain == "hour" -%}
        date_trunc('hour', block) as timestamp,
        date_trunc('hour', block) + interval 1 hour as closes
        {%- else -%}
        date_trunc('{{ grain }}', block at time zone {{ zone }}) at time zone {{ zone }} as timestamp,
        (date_trunc('{{ grain }}', block at time zone {{ zone }}) + interval 1 {{ grain }}) at time zone {{ zone }} as closes
        {%- endif %}
    from {{ batch_of(ref("agg_blocks")) }}
),

means as (
    select
        timestamp,
        source,
        location,
        measurement,
        min(value_min) as value_min,
        max(value_max) as value_max,
        sum(value_sum order by block) as value_sum,
        sum(count)::bigint as count,
        sum(value_sum order by block) / sum(count) as value_mean
    from windows
    where timestamp >= getvariable('labels_start') and timestamp < getvariable('labels_stop') and closes <= getvariable('as_of')
    group by timestamp, source, location, measurement
),

deviations as (
    select
        means.timestamp,
        means.source,
        means.location,
        means.measurement,
        sum(
            windows.squares + windows.count * (windows.value_sum / windows.count - means.value_mean) ** 2 order by windows.block
        ) as squares
    from windows
    inner join means
        on
            means.timestamp = windows.timestamp
            and means.source = windows.source
            and means.location = windows.location
            and means.measurement = windows.measurement
    group by means.timestamp, means.source, means.location, means.measurement
)

select
    means.timestamp,
    (means.timestamp at time zone {{ zone }})::date as local_date,
    getvariable('building_id') as building_id,
    means.source,
    means.location,
    means.measurement,
    means.value_mean,
    case
        when means.count = 1 then null
        when means.value_min = means.value_max then 0
        else sqrt(deviations.squares / (means.count - 1))
    end::double as value_std,
    means.value_min,
    means.value_max,
    means.value_sum,
    means.count
from means
inner join deviations
    on
        means.timestamp = deviations.timestamp
        and means.source = deviations.source
        and means.location = deviations.location
        and means.measurement = deviations.measurement
order by means.source, means.location, means.measurement, means.timestamp
{% endmacro %}
