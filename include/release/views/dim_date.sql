with spans as (
    select
        daily.building_id,
        dim_building.timezone,
        date_trunc('month', min(daily.local_date)) as first,
        last_day(max(daily.local_date)) as last
    from public_dataset_daily as daily
    inner join dim_building on daily.building_id = dim_building.building_id
    group by all
),

days as (
    select
        building_id,
        timezone,
        unnest(generate_series(first, last, interval 1 day))::date as local_date
    from spans
),

bounds as (
    select
        *,
        local_date::timestamp at time zone timezone as start,
        (local_date + 1)::timestamp at time zone timezone as stop
    from days
)

select
    bounds.building_id,
    bounds.local_date,
    year(bounds.local_date)::integer as year,
    quarter(bounds.local_date)::integer as quarter,
    month(bounds.local_date)::integer as month,
    isoyear(bounds.local_date)::integer as iso_year,
    week(bounds.local_date)::integer as iso_week,
    isodow(bounds.local_date)::integer as weekday,
    isodow(bounds.local_date) > 5 as is_weekend,
    holidays.holiday is not null as is_holiday,
    holidays.holiday,
    (epoch(bounds.stop - bounds.start) / 3600)::integer as hours,
    bounds.start as start
from bounds
left join holidays on bounds.building_id = holidays.building_id and bounds.local_date = holidays.local_date
