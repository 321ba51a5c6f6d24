// Every sensor and the place it was in on a day.
//
// $at  ISO date
MATCH (sensor:Sensor)-[r:IN]->(place)
WHERE r.valid_from <= $at AND $at < r.valid_to
RETURN sensor.id AS sensor_id, place.id AS place_id
ORDER BY sensor_id
