-- One line of InfluxDB's line protocol for each reading: `readings,<tags> value=…,square=… <microseconds>`.
--
-- $readings  months of readings and of amounts, Parquet
-- $start     first instant of the window
-- $stop      end of the window, exclusive
--
-- Values repeat, so tags and fields are spelled once for each value of a series, and a line is that text and its time.
with spelled as (
    select distinct
        building_id,
        source,
        location,
        sensor_id,
        measurement,
        value,
        'readings,building=' || regexp_replace(building_id, '([,= ])', '\\\1', 'g')
        || ',source=' || regexp_replace(source, '([,= ])', '\\\1', 'g')
        || ',location=' || regexp_replace(location, '([,= ])', '\\\1', 'g')
        || ',sensor=' || regexp_replace(sensor_id, '([,= ])', '\\\1', 'g')
        || ',measurement=' || regexp_replace(measurement, '([,= ])', '\\\1', 'g')
        || ' value=' || value || ',square=' || (value - centre) * (value - centre) || ' ' as text
    from counted
)

select spelled.text || epoch_us(readings.timestamp) || chr(10) as line
from read_parquet($readings) as readings
inner join spelled using (building_id, source, location, sensor_id, measurement, value)
where readings.quality = 'ok' and readings.timestamp >= $start and readings.timestamp < $stop
