{{ config(materialized="parquet_batches", batches="fact_months", same_bytes=true, may_be_idle=true) }}

-- depends_on: {{ ref("fct_amounts") }}, of a building that makes amounts
with {{ fed("energy") }},

counting_as as (
    select amount
    from feeding
    where kind = 'counter'
),

-- what a counter counted, by the reading at which it was counted; one that was spread over a gap is whole again
counted as (
    select
        sensor_id,
        measurement as amount,
        source_file,
        source_line,
        {{ exact_sum("value") }} as step,
        bool_or(quality = 'outlier') as is_outlier
    from read_parquet(getvariable('amounts'))
    where measurement in (from counting_as)
    group by all
),

amounts as (
    select
        feeding."column",
        counted.sensor_id,
        counted.source_file,
        counted.source_line,
        counted.step * feeding.amount_scale as step,
        counted.is_outlier
    from counted
    inner join feeding on counted.amount = feeding.amount and feeding."column" = 'energy_kwh'
),

-- a device that counts is believed by its counter, another by its power, which stands for the time until the next reading
counting as (
    select distinct sensor_id
    from fed
    where "column" = 'energy_kwh' and kind = 'counter'
),

intervals as (
    select
        files.file_number,
        datasources.interval_minutes::double * 60 as seconds
    from {{ ref("landing_files") }} as files
    inner join {{ ref("datasources_config") }} as datasources on files.datasource_id = datasources.datasource_id
    where files.building_id = getvariable('building_id')
),

measured as (
    select
        fed.*,
        amounts.step,
        coalesce(amounts.is_outlier, false) as is_step_outlier,
        intervals.seconds,
        counting.sensor_id is not null as is_counting
    from fed
    inner join intervals on fed.source_file = intervals.file_number
    left join counting on fed.sensor_id = counting.sensor_id
    left join amounts
        on
            fed."column" = amounts."column"
            and fed.kind = 'counter'
            and fed.sensor_id = amounts.sensor_id
            and fed.source_file = amounts.source_file
            and fed.source_line = amounts.source_line
),

minutes as (
    select
        minute,
        location,
        sensor_id,
        {{ mean_fed("power_w") }} as power_w,
        max(value) filter (where "column" = 'counter_wh' and is_ok) as counter_wh,
        if(
            is_counting,
            {{ exact_sum("step", "filter (where not is_step_outlier)") }},
            {{ exact_sum("value * seconds", "filter (where \"column\" = 'energy_kwh' and kind = 'rate' and is_ok)") }}
        ) as energy_kwh,
        bool_and(is_ok and not is_step_outlier) as is_valid
    from measured
    group by minute, location, sensor_id, is_counting
),

prices as (
    select
        clock.minute,
        tariffs.chf_per_kwh
    from (
        select
            minute,
            make_timestamptz(minute * 60000000) at time zone getvariable('timezone') as local_time
        from (select distinct minute from minutes) as distinct_minutes
    ) as clock
    inner join {{ plan("tariffs") }} as tariffs
        on
            tariffs.building_id = getvariable('building_id')
            and clock.local_time::date >= tariffs.valid_from
            and clock.local_time::date < tariffs.valid_to
            and list_contains(tariffs.weekdays, isodow(clock.local_time))
            and extract(hour from clock.local_time) * 60 + extract(minute from clock.local_time) >= tariffs.from_minute
            and extract(hour from clock.local_time) * 60 + extract(minute from clock.local_time) < tariffs.to_minute
)

select
    make_timestamptz(minutes.minute * 60000000) as timestamp,
    getvariable('building_id') as building_id,
    minutes.location,
    minutes.sensor_id,
    minutes.power_w,
    minutes.counter_wh,
    minutes.energy_kwh,
    minutes.energy_kwh * prices.chf_per_kwh as cost_chf,
    minutes.is_valid
from minutes
left join prices on minutes.minute = prices.minute
order by minutes.location, minutes.sensor_id, minutes.minute
