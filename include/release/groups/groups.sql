-- What of each household a value of a group is made of, and which values may be published. Parameters: see
-- include/release/groups/gate.py.
create or replace table current as
with days as (
    select
        building_id,
        apartment,
        kpi,
        left(cast(local_date as varchar), 7) as month,
        count(*) as days
    from kpi_day
    group by all
)

select
    kpi_month.month,
    kpi_month.kpi,
    kpi_month.building_id,
    kpi_month.value,
    days.days,
    sha256(concat_ws('/', kpi_month.building_id, kpi_month.apartment)) as household,
    sha256(concat_ws(
        '/', kpi_month.building_id, kpi_month.apartment, kpi_month.month, kpi_month.kpi, kpi_month.value, days.days
    )) as contribution
from kpi_month
inner join days using (building_id, apartment, kpi, month)
where kpi_month.month < $open_month;

-- by how many households each value that was ever published differs from what would be published now
create or replace table differences as
with enough as (
    select * from current where days >= $min_days
),

earlier_values as (
    select distinct publication, month, kpi, revision from earlier
),

pairs as (
    select
        earlier_values.*,
        enough.household,
        enough.contribution
    from earlier_values
    inner join enough using (month, kpi)
)

select
    publication,
    month,
    kpi,
    revision,
    count(*) filter (pairs.contribution is distinct from earlier.contribution)
    -- a household of which nothing is known any more counts as changed
    + max(coalesce(earlier.households, 0)) - count(earlier.household) as households
from pairs
full join earlier using (publication, month, kpi, revision, household)
group by all;

create or replace table cells as
with closest as (
    select
        month,
        kpi,
        min(households) filter (households > 0) as households,
        min(revision) filter (households = 0 and publication = $publication) as same_revision
    from differences
    group by all
)

select
    current.month,
    current.kpi,
    avg(current.value order by current.household) filter (current.days >= $min_days) as value,
    count(*) filter (current.days >= $min_days) as households,
    sum(current.days) filter (current.days >= $min_days)::bigint as days,
    any_value(closest.same_revision) as same_revision,
    case
        when count(*) < $min_households then 'few_households'
        when count(*) filter (current.days >= $min_days) < $min_households then 'few_days'
        when any_value(closest.households) < $min_households then 'few_changes'
    end as withheld
from current
left join closest using (month, kpi)
group by current.month, current.kpi;

create or replace table remembered as
select
    $publication as publication,
    cells.month,
    cells.kpi,
    coalesce(
        (
            select max(earlier.revision) from earlier
            where earlier.publication = $publication and earlier.month = cells.month and earlier.kpi = cells.kpi
        ),
        0
    )
    + 1 as revision,
    current.building_id,
    current.household,
    current.contribution,
    cells.value,
    cells.households,
    cells.days
from cells
inner join current using (month, kpi)
where cells.withheld is null and cells.same_revision is null and current.days >= $min_days;

-- a value that may not be published again stays as it was published last
create or replace table group_month as
with last_published as (
    select distinct on (month, kpi) month, kpi, value, households, days
    from earlier
    where publication = $publication
    order by month, kpi, revision desc
),

passed as (
    select month, kpi, value, households, days from cells where withheld is null
)

select * from passed
union all
select * from last_published anti join passed using (month, kpi);

create or replace table withheld as
select
    cells.month,
    cells.kpi,
    cells.withheld as reason,
    group_month.value is not null as is_kept
from cells
left join group_month using (month, kpi)
where cells.withheld is not null
