-- A case is an issue, which is the end of its `slot`, and a horizon: the slot so many after it is forecast. Values are
-- differences to the last one. `day_slot` and `week_slot` are the newest known values of that time of a day, and of last week;
-- `near_` is of the neighbours.
select
    issues.series,
    issues.slot,
    horizons.horizon,
    target.value as actual,
    points.last,
    points.lag_1 - points.last as lag_1,
    points.lag_2 - points.last as lag_2,
    points.lag_3 - points.last as lag_3,
    points.lag_day - points.last as lag_day,
    points.day_mean - points.last as day_mean,
    points.week_mean - points.last as week_mean,
    day_slot.value - points.last as day_slot,
    day_slot.of_day - points.last as usual_of_day,
    day_before.value - points.last as day_before,
    week_slot.value - points.last as week_slot,
    week_slot.of_week - points.last as usual_of_week,
    calendar.hour_of_day,
    calendar.day_of_week,
    near.last - points.last as near_last,
    near.last - near.lag_1 as near_change,
    near.last - near.lag_3 as near_change_3,
    near.last - near.day_mean as near_day
from issues
inner join points using (series, slot)
cross join horizons
inner join calendar on issues.slot + horizons.horizon = calendar.slot
left join near using (series, slot)
left join slots as target
    on issues.series = target.series and issues.slot + horizons.horizon = target.slot
left join slots as day_slot
    on
        issues.series = day_slot.series
        and issues.slot + horizons.horizon - $day * (1 + (horizons.horizon - 1) // $day) = day_slot.slot
left join slots as day_before
    on
        issues.series = day_before.series
        and issues.slot + horizons.horizon - $day * (2 + (horizons.horizon - 1) // $day) = day_before.slot
left join slots as week_slot
    on issues.series = week_slot.series and issues.slot + horizons.horizon - $week = week_slot.slot
where points.last is not null
