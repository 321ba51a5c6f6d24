-- How often each series has each value in each month: all that loading has to know besides the times.
--
-- $readings  months of readings and of amounts, Parquet
-- $left_out  measurements of which no aggregates are made
-- $start     first instant of the window
-- $stop      end of the window, exclusive
--
-- `centre` is a constant near the series' mean: deviations follow from squared distances to it (include/flux/blocks.flux).
create or replace temp table counted as
select
    *,
    round(sum(value * count) over series / sum(count) over series) as centre
from (
    select
        regexp_extract(filename, '(\d{4}-\d{2})\.parquet$', 1) as month,
        building_id,
        source,
        location,
        sensor_id,
        measurement,
        value,
        count(*) as count
    from read_parquet($readings, filename = true)
    where quality = 'ok' and not list_contains($left_out, measurement) and timestamp >= $start and timestamp < $stop
    group by all
)
window series as (partition by building_id, source, location, sensor_id, measurement)
