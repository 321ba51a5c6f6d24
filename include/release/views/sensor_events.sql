select
    readings.timestamp,
    readings.building_id,
    string_split(readings.location, '/')[1] as apartment,
    string_split(readings.location, '/')[2] as room,
    string_split(readings.sensor_id, '/')[3] as sensor_type,
    string_split(readings.sensor_id, '/')[4] as sensor_index,
    readings.sensor_id,
    readings.measurement,
    readings.value,
    dim_measurement.unit,
    readings.quality = 'outlier' as is_outlier,
    readings.source_file,
    readings.source_line
from public_dataset_raw as readings
inner join dim_measurement on readings.measurement = dim_measurement.measurement
where len(string_split(readings.sensor_id, '/')) = 4
