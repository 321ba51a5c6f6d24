// Pairs of sensors in adjacent zones that measure the same thing, each pair once.
//
// $measurement  what both measure
MATCH (zone:Zone)-[:ADJACENT_TO]->(other:Zone)
MATCH (zone)-[:CONTAINS*0..1]->(here)<-[:IN]-(sensor:Sensor)-[:MEASURES]->(:Metric {id: $measurement})
MATCH (other)-[:CONTAINS*0..1]->(there)<-[:IN]-(neighbour:Sensor)-[:MEASURES]->(:Metric {id: $measurement})
WHERE zone.id < other.id
RETURN DISTINCT sensor.id AS sensor_id, zone.id AS zone_id, neighbour.id AS neighbour_id, other.id AS adjacent_zone_id
ORDER BY sensor_id, neighbour_id
