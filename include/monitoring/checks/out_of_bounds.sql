-- Values that the sensor cannot mean.
--
-- What happens: a broken wire reads the end of the scale (128.0 °C for days), a unit is changed from °C to °F.
-- The bounds are declared with the datasource; such readings are published, flagged, and left out of aggregates. One may be a
-- bad contact; a share of the day's is a fault.
-- What slips through: wrong values within the bounds. That is why the bounds of a source should be tight.
select
    building_id,
    source,
    sensor_id,
    measurement,
    hour as since,
    hour + interval 1 hour as until,
    outlier_count >= getvariable('out_of_bounds_error_share') * row_count as is_error,
    format('{} of {} readings between {} and {}', outlier_count, row_count, value_min, value_max) as evidence
from hours
where outlier_count > 0
