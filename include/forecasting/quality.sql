-- How far each method was off, over issues of the past, and which one is served. Given are `tried` with series, slot, horizon,
-- week (1 is the first), actual, and a column for each method; `bands` of horizons; and `methods` with name, is_baseline.

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
    avg(abs(one.value - week_before.value) order by one.slot) as scale
from slots as one
inner join slots as week_before on one.series = week_before.series and one.slot - $week = week_before.slot
where one.slot < $start
group by one.series;

create or replace table errors as
with expected as (
    unpivot tried on columns(* exclude (series, slot, horizon, week, actual)) into name method value value
)

select
    expected.series,
    expected.slot,
    expected.horizon,
    expected.week,
    expected.method,
    bands.first_horizon,
    abs(expected.value - expected.actual) as error
from expected
inner join bands on expected.horizon between bands.first_horizon and bands.last_horizon
where expected.actual is not null;

create or replace table scored as
select
    series,
    first_horizon,
    method,
    count(*) as windows,
    avg(error order by slot, horizon) as mae,
    if($is_presence, avg(error * error order by slot, horizon), null) as brier,
    coalesce(brier, mae) as score,
    list_sort(list(error)) as sorted_errors
from errors
group by all;

create or replace table ranked as
with chosen as (
    select
        scored.series,
        scored.first_horizon,
        arg_min(scored.method, scored.score) filter (methods.is_baseline) as baseline,
        min(scored.score) filter (methods.is_baseline) as baseline_score,
        -- a model only where it beats both baselines
        arg_min(scored.method, {score: scored.score, no_baseline: not methods.is_baseline, method: scored.method}) as served
    from scored
    inner join methods on scored.method = methods.name
    group by all
)

select
    scored.* exclude (score),
    chosen.baseline,
    if($is_presence, null, scored.mae / nullif(scales.scale, 0)) as mase,
    1 - scored.score / nullif(chosen.baseline_score, 0) as gain,
    scored.method = chosen.served as is_served
from scored
inner join chosen using (series, first_horizon)
left join scales using (series)
where chosen.baseline is not null;

create or replace table widths as
select
    *,
    if($is_presence, null, width_of(sorted_errors, 0.80)) as width_80,
    if($is_presence, null, width_of(sorted_errors, 0.95)) as width_95
from ranked;

-- measured walking forward: each week's errors beside the widths that were known before it
create or replace table coverages as
with before as (
    select
        later.series,
        later.first_horizon,
        later.method,
        later.week,
        list_sort(list(earlier.error)) as sorted_errors
    from (select distinct series, first_horizon, method, week from errors where week > 2) as later
    inner join errors as earlier
        on
            later.series = earlier.series
            and later.first_horizon = earlier.first_horizon
            and later.method = earlier.method
            and earlier.week < later.week
    where not $is_presence
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
