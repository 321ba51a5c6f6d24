// Every place with each place that it lies in, itself included.
MATCH (ancestor:Node)-[:CONTAINS*0..3]->(place:Node)
WHERE place.type <> 'Sensor'
RETURN
    place.id AS id, place.type AS type, place.name AS name, place.level AS level, place.coordinates AS coordinates,
    ancestor.id AS ancestor_id, ancestor.type AS ancestor_type, ancestor.name AS ancestor_name, ancestor.level AS ancestor_level
ORDER BY id, ancestor_level
