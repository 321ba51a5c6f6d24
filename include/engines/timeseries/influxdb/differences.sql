-- Series and months of which the server holds something else than was sent; sums may differ by the order of adding,
-- which shows in proportion to what is added, not to the result.
--
-- $zone   the building's calendar
-- $block  length of a block, as in moments
with sent as (
    select
        month,
        source,
        location,
        sensor_id,
        measurement,
        sum(count)::bigint as count,
        sum(value * count) as value_sum,
        sum(abs(value) * count) as magnitude,
        min(value) as value_min,
        max(value) as value_max,
        sum((value - centre) * (value - centre) * count) as squares
    from counted
    group by all
),

held as (
    select
        strftime(start at time zone $zone, '%Y-%m') as month,
        source,
        location,
        sensor_id,
        measurement,
        sum(count) filter (where every = '1mo') as count,
        sum(value_sum) filter (where every = '1mo') as value_sum,
        min(value_min) as value_min,
        max(value_max) as value_max,
        sum(squares) filter (where every = $block) as squares
    from moments
    where every in ('1mo', $block)
    group by all
)

select
    month,
    concat_ws(' ', source, location, sensor_id, measurement) as series,
    coalesce(sent.count, 0) as sent,
    coalesce(held.count, 0) as held
from sent
full outer join held using (month, source, location, sensor_id, measurement)
where
    sent.count is distinct from held.count
    or sent.value_min is distinct from held.value_min
    or sent.value_max is distinct from held.value_max
    or not coalesce(abs(sent.value_sum - held.value_sum) <= 1e-9 * greatest(1, sent.magnitude), false)
    or not coalesce(abs(sent.squares - held.squares) <= 1e-9 * greatest(1, sent.squares), false)
order by all
