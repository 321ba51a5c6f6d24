// What every sensor measures.
MATCH (sensor:Sensor)-[:MEASURES]->(metric:Metric)
RETURN sensor.id AS sensor_id, metric.id AS measurement
ORDER BY sensor_id, measurement
