{{ config(materialized="parquet_batches", batches="months", same_bytes=true) }}

-- depends_on: {{ ref("int_last_readings") }}, of the month before
with {{ readings_of_amounts() }},

-- instants in microseconds
paired as (
    select
        readings.* exclude (timestamp),
        series.kind,
        series.scale,
        series.gap,
        series.max_per_hour,
        epoch_us(readings.timestamp) as instant,
        lag(epoch_us(readings.timestamp)) over in_time as earlier,
        lag(readings.value) over in_time as earlier_value,
        lead(epoch_us(readings.timestamp)) over in_time as later
    from readings
    inner join series on readings.series_id = series.series_id
    window in_time as (partition by readings.series_id order by readings.timestamp)
),

steps as (
    select
        *,
        case when value < earlier_value then value else value - earlier_value end as step,
        instant - earlier > gap as is_long
    from paired
    where kind = 'counter' and earlier is not null and instant >= epoch_us(getvariable('start'))
),

-- from which instant to which something lasts that is divided among the blocks it touches; what happened before the
-- month is booked in it
lasting as (
    select
        series_id,
        place_id,
        source_file,
        source_line,
        'spread' as method,
        case when step > max_per_hour * (instant - earlier) / 3600e6 then 'outlier' else 'ok' end as quality,
        greatest(earlier + 1, epoch_us(getvariable('start'))) as begins,
        instant as ends,
        step * scale / (instant - greatest(earlier + 1, epoch_us(getvariable('start')))) as per_microsecond
    from steps
    where is_long and instant > epoch_us(getvariable('start'))
    union all
    select
        series_id,
        place_id,
        source_file,
        source_line,
        'held' as method,
        'ok' as quality,
        greatest(instant, epoch_us(getvariable('start'))) as begins,
        least(later, instant + gap, epoch_us(getvariable('stop')))::bigint as ends,
        case kind when 'rate' then greatest(value, 0) else (value <> 0)::integer end * scale / 1e6 as per_microsecond
    from paired
    where kind in ('rate', 'state') and least(later, instant + gap) > epoch_us(getvariable('start'))
),

blocks as (
    select
        *,
        getvariable('block_seconds')::bigint * 1000000 as block
    from lasting
),

pieces as (
    select
        * exclude (begins),
        begins as piece,
        least(ends, (begins // block + 1) * block) as piece_ends
    from blocks
    union all by name
    select
        * exclude (begins),
        unnest(generate_series((begins // block + 1) * block, ends - 1, block)) as piece,
        least(ends, piece + block) as piece_ends
    from blocks
    where (begins // block + 1) * block < ends
),

amounts as (
    select
        series_id,
        place_id,
        instant as piece,
        step * scale as value,
        case when step > max_per_hour * (instant - earlier) / 3600e6 then 'outlier' else 'ok' end as quality,
        case when value < earlier_value then 'reset' else 'step' end as method,
        (instant - earlier) / 1e6 as seconds,
        source_file,
        source_line
    from steps
    where not is_long or instant = epoch_us(getvariable('start'))
    union all by name
    select
        series_id,
        place_id,
        piece,
        per_microsecond * (piece_ends - piece) as value,
        quality,
        method,
        (piece_ends - piece) / 1e6 as seconds,
        source_file,
        source_line
    from pieces
    union all by name
    select
        series_id,
        place_id,
        instant as piece,
        value * scale as value,
        'ok' as quality,
        'counted' as method,
        0 as seconds,
        source_file,
        source_line
    from paired
    where kind = 'event'
)

select
    make_timestamptz(amounts.piece) as timestamp,
    getvariable('building_id') as building_id,
    series.source,
    places.location,
    series.sensor_id,
    series.amount as measurement,
    amounts.value,
    amounts.quality,
    amounts.source_file,
    amounts.source_line,
    amounts.method,
    amounts.seconds
from amounts
inner join series on amounts.series_id = series.series_id
inner join places on amounts.place_id = places.place_id
order by amounts.series_id, amounts.piece
