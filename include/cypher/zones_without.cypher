// Zones in which no sensor measures a thing.
//
// $measurement  the thing
MATCH (zone:Zone)
WHERE NOT EXISTS { MATCH (zone)-[:CONTAINS*0..1]->(place)<-[:IN]-(sensor:Sensor)-[:MEASURES]->(:Metric {id: $measurement}) }
RETURN zone.id AS zone_id
ORDER BY zone_id
