-- What the Flux jobs answered, one row for each length of window, series and window.
--
-- $answers  CSV files named <length of window>.<moment>.csv
create or replace temp table moments as
select
    regexp_extract(filename, '([^/.]+)\.[a-z]+\.csv$', 1) as every,
    _time::timestamptz as start,
    building as building_id,
    source,
    location,
    sensor as sensor_id,
    measurement,
    any_value(_value::bigint) filter (where filename like '%.count.csv') as count,
    any_value(_value::double) filter (where filename like '%.sum.csv') as value_sum,
    any_value(_value::double) filter (where filename like '%.min.csv') as value_min,
    any_value(_value::double) filter (where filename like '%.max.csv') as value_max,
    any_value(_value::double) filter (where filename like '%.squares.csv') as squares
from read_csv($answers, header = true, all_varchar = true, union_by_name = true, filename = true)
group by all
