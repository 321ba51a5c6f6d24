// Every sensor and period with its building, floor and zone, and the place it hangs in: the zone, or a room of it. An
// apartment is a zone here.
MATCH (building:Building)-[:CONTAINS]->(floor:Floor)-[:CONTAINS]->(zone:Node)-[:CONTAINS*0..1]->(place)<-[r:IN]-(sensor:Sensor)
WHERE zone.type IN ['Zone', 'Apartment']
RETURN
    sensor.id AS id, sensor.name AS name, sensor.source AS source, building.id AS building_id, floor.id AS floor_id, zone.id AS zone_id, place.id AS place_id,
    r.level AS level, r.coordinates AS coordinates, r.valid_from AS valid_from, r.valid_to AS valid_to
ORDER BY id, valid_from
