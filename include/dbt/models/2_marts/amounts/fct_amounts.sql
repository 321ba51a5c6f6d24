{{
    config(
        materialized="parquet_batches",
        batches="amount_months",
        in_order=true,
        pre_hook=["{{ enums(ref('landing_files'), ['building_id']) }}", "{{ enums_of_amounts() }}"],
    )
}}

{% set start = "epoch_us(getvariable('start')::timestamptz)" %}
{% set stop = "epoch_us(getvariable('stop')::timestamptz)" %}
-- depends_on: {{ ref("int_last_readings") }}, of the month before
with {{ readings_of_amounts() }},

firsts as (
    select
        series,
        min(instant) as instant
    from {{ readings_of("kind in ('rate', 'state')") }} as readings
    group by series
),

paired as (
    select
        in_order.* exclude (in_order.has_earlier, in_order.has_later, in_order.earlier, in_order.earlier_value, in_order.later),
        if(in_order.has_earlier, in_order.earlier, carried.instant) as earlier,
        if(in_order.has_earlier, in_order.earlier_value, carried.value) as earlier_value,
        if(in_order.has_later, in_order.later, null) as later
    from in_order
    left join carried on if(in_order.has_earlier, null, in_order.series) = carried.series
    union all by name
    select
        carried.*,
        firsts.instant as later
    from carried
    left join firsts on carried.series = firsts.series
),

-- what happened before the month is booked at its beginning
intervals as (
    select
        paired.*,
        accumulating.kind,
        accumulating.amount,
        accumulating.scale,
        accumulating.max_per_hour,
        getvariable('block_seconds')::bigint * 1000000 as block,
        case when paired.value < paired.earlier_value then paired.value else paired.value - paired.earlier_value end as step,
        greatest(if(accumulating.kind = 'counter', paired.earlier + 1, paired.instant), {{ start }}) as begins,
        case accumulating.kind
            when 'counter' then paired.instant
            else least(paired.later, paired.instant + accumulating.gap::bigint, {{ stop }})
        end as ends,
        case
            when accumulating.kind in ('rate', 'state') then 'held'
            when accumulating.kind = 'event' then 'counted'
            when paired.instant - paired.earlier > accumulating.gap and paired.instant > {{ start }} then 'spread'
            when paired.value < paired.earlier_value then 'reset'
            else 'step'
        end as method
    from paired
    inner join accumulating on paired.quantity_id = accumulating.quantity_id
),

-- divided among the blocks that it touches
pieces as (
    select
        *,
        unnest(case
            when method not in ('spread', 'held') then [instant]
            when (begins // block + 1) * block >= ends then [begins]
            else [begins] || generate_series((begins // block + 1) * block, ends - 1, block)
        end) as piece
    from intervals
    where
        case kind
            when 'counter' then earlier is not null and instant >= {{ start }}
            when 'event' then instant >= {{ start }}
            else begins < ends
        end
),

measured as (
    select
        *,
        case
            when method = 'counted' then 0
            when method in ('spread', 'held') then least(ends, (piece // block + 1) * block) - piece
            else instant - earlier
        end as microseconds
    from pieces
)

select
    make_timestamptz(piece) as timestamp,
    getvariable('building_id')::building_id_enum as building_id,
    source,
    location,
    sensor_id,
    amount as measurement,
    scale * case
        when method = 'counted' then value
        when method = 'spread' then step * microseconds / (ends - begins)
        when kind = 'counter' then step
        when kind = 'rate' then greatest(value, 0) * microseconds / 1e6
        when value = 0 then 0
        else microseconds / 1e6
    end as value,
    if(kind = 'counter' and step > max_per_hour * (instant - earlier) / 3600e6, 'outlier', 'ok')::enum('ok', 'outlier') as quality,
    source_file,
    source_line,
    method::enum('step', 'reset', 'spread', 'held', 'counted') as method,
    microseconds / 1e6 as seconds
from measured
