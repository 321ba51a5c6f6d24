// The places that a sensor lies in, from the nearest up to the building; the last step is the length of the path.
//
// $sensor  id of a sensor
// $at      ISO date: a sensor may have moved
MATCH (sensor:Sensor {id: $sensor})-[r:IN]->(place)<-[:CONTAINS*0..3]-(ancestor)
WHERE r.valid_from <= $at AND $at < r.valid_to
RETURN place.level - ancestor.level + 1 AS step, ancestor.id AS place_id, ancestor.type AS type
ORDER BY step
