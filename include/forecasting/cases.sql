-- A case is an issue, which is the end of its `hour`, and a horizon: the hour so many after it is forecast. Values are
-- differences to the last one. `day_slot` and `week_slot` are the newest known values of that hour of a day, and of last week.
select
    issues.series,
    issues.hour,
    horizons.horizon,
    target.value as actual,
    points.last,
    points.lag_1 - points.last as lag_1,
    points.lag_2 - points.last as lag_2,
    points.lag_3 - points.last as lag_3,
    points.lag_24 - points.last as lag_24,
    points.day_mean - points.last as day_mean,
    points.week_mean - points.last as week_mean,
    day_slot.value - points.last as day_slot,
    day_before.value - points.last as day_before,
    week_slot.value - points.last as week_slot,
    calendar.hour_of_day,
    calendar.day_of_week
from issues
inner join points using (series, hour)
cross join horizons
inner join calendar on issues.hour + horizons.horizon = calendar.hour
left join hours as target
    on issues.series = target.series and issues.hour + horizons.horizon = target.hour
left join hours as day_slot
    on
        issues.series = day_slot.series
        and issues.hour + horizons.horizon - 24 * (1 + (horizons.horizon - 1) // 24) = day_slot.hour
left join hours as day_before
    on
        issues.series = day_before.series
        and issues.hour + horizons.horizon - 24 * (2 + (horizons.horizon - 1) // 24) = day_before.hour
left join hours as week_slot
    on issues.series = week_slot.series and issues.hour + horizons.horizon - 168 = week_slot.hour
where points.last is not null
