-- How far each method was off, over issues of the past, and which one is served. Given are `tried` with series, hour, horizon,
-- week (1 is the first), actual, and a column for each method; and `bands` of horizons.

-- the width that holds such a share of errors like these, and one more; null if they are too few to say
create or replace macro width_of(sorted_errors, share) as
    sorted_errors[floor((len(sorted_errors) + 1) * share)::bigint]
    + ((len(sorted_errors) + 1) * share - floor((len(sorted_errors) + 1) * share)) * (
        sorted_errors[ceil((len(sorted_errors) + 1) * share)::bigint]
        - sorted_errors[floor((len(sorted_errors) + 1) * share)::bigint]
    );

create or replace table scales as
select
    one.series,
    avg(abs(one.value - week_before.value) order by one.hour) as scale
from hours as one
inner join hours as week_before on one.series = week_before.series and one.hour - 168 = week_before.hour
where one.hour < $start
group by one.series;

create or replace table errors as
select
    tried.series,
    tried.hour,
    tried.horizon,
    tried.week,
    bands.first_horizon,
    unnest(['lightgbm', 'persistence', 'last_week']) as method,
    unnest([abs(lightgbm - actual), abs(persistence - actual), abs(last_week - actual)]) as error
from tried
inner join bands on tried.horizon between bands.first_horizon and bands.last_horizon
where tried.actual is not null;

create or replace table scored as
select
    series,
    first_horizon,
    method,
    count(error) as windows,
    avg(error order by hour, horizon) as mae,
    list_sort(list(error) filter (error is not null)) as sorted_errors
from errors
group by all
having count(error) > 0;

create or replace table ranked as
with baselines as (
    select
        series,
        first_horizon,
        min_by(method, mae) as baseline,
        min(mae) as baseline_mae
    from scored
    where method <> 'lightgbm'
    group by all
)

select
    scored.*,
    baselines.baseline,
    scored.mae / nullif(scales.scale, 0) as mase,
    1 - scored.mae / nullif(baselines.baseline_mae, 0) as gain,
    if(
        coalesce(bool_or(scored.method = 'lightgbm' and scored.mae < baselines.baseline_mae) over same, false),
        scored.method = 'lightgbm',
        scored.method = baselines.baseline
    ) as is_served
from scored
inner join baselines using (series, first_horizon)
left join scales using (series)
window same as (partition by scored.series, scored.first_horizon);

create or replace table widths as
select
    *,
    width_of(sorted_errors, 0.80) as width_80,
    width_of(sorted_errors, 0.95) as width_95
from ranked;

-- measured walking forward: each week's errors beside the widths that were known before it
create or replace table coverages as
with before as (
    select
        later.series,
        later.first_horizon,
        later.method,
        later.week,
        list_sort(list(earlier.error) filter (earlier.error is not null)) as sorted_errors
    from (select distinct series, first_horizon, method, week from errors where week > 2) as later
    inner join errors as earlier
        on
            later.series = earlier.series
            and later.first_horizon = earlier.first_horizon
            and later.method = earlier.method
            and earlier.week < later.week
    group by all
)

select
    errors.series,
    errors.first_horizon,
    errors.method,
    avg((errors.error <= width_of(sorted_errors, 0.80))::integer) as coverage_80,
    avg((errors.error <= width_of(sorted_errors, 0.95))::integer) as coverage_95
from errors
inner join before using (series, first_horizon, method, week)
where errors.error is not null
group by all;

create or replace table quality as
select
    widths.* exclude (sorted_errors),
    bands.last_horizon,
    coverages.coverage_80,
    coverages.coverage_95
from widths
inner join bands using (first_horizon)
left join coverages using (series, first_horizon, method)
order by widths.series, widths.first_horizon, widths.method
