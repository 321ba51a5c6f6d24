-- What is served at the issue. Given are `said` with series, slot, horizon, actual, and a column for each method; `bands`; and
-- `widths`, which quality.sql has made.
create or replace table expected as
with by_method as (
    unpivot said on columns(* exclude (series, slot, horizon, actual)) into name method value value
),

served as (
    select
        said.series,
        said.horizon,
        widths.method,
        widths.width_80,
        widths.width_95,
        widths.baseline
    from said
    inner join bands on said.horizon between bands.first_horizon and bands.last_horizon
    inner join widths on said.series = widths.series and bands.first_horizon = widths.first_horizon
    where widths.is_served
)

select
    served.*,
    chosen.value,
    other.value as baseline_value
from served
inner join by_method as chosen using (series, horizon, method)
left join by_method as other
    on served.series = other.series and served.horizon = other.horizon and served.baseline = other.method
order by served.series, served.horizon
