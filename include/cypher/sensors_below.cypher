// All sensors in a place at any depth.
//
// $place  id of a building, floor, zone or room
MATCH (place {id: $place})-[:CONTAINS*0..3]->(inner)<-[r:IN]-(sensor:Sensor)
RETURN sensor.id AS sensor_id, inner.id AS place_id, r.valid_from AS valid_from, r.valid_to AS valid_to
ORDER BY sensor_id, valid_from
