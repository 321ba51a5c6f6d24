// Loads a building's structure; loading it again changes nothing.
//
// $buildings, $floors, $zones, $rooms  nodes: id, name, level, coordinates
// $sensors                             nodes: id, name, source
// $metrics                             nodes: id, unit
// $floors_of_buildings, $zones_of_floors, $rooms_of_zones   parent_id, id
// $sensors_in_zones, $sensors_in_rooms   id, parent_id, level, coordinates and the period [valid_from, valid_to), ISO dates
// $measured                            id of a sensor, metric
// $adjacent                            zone_id, adjacent_zone_id, relation, basis
UNWIND $buildings AS row MERGE (n:Building {id: row.id})
SET n.type = 'Building', n.name = row.name, n.level = row.level, n.coordinates = row.coordinates;

UNWIND $floors AS row MERGE (n:Floor {id: row.id})
SET n.type = 'Floor', n.name = row.name, n.level = row.level, n.coordinates = row.coordinates;

UNWIND $zones AS row MERGE (n:Zone {id: row.id})
SET n.type = 'Zone', n.name = row.name, n.level = row.level, n.coordinates = row.coordinates;

UNWIND $rooms AS row MERGE (n:Room {id: row.id})
SET n.type = 'Room', n.name = row.name, n.level = row.level, n.coordinates = row.coordinates;

UNWIND $sensors AS row MERGE (n:Sensor {id: row.id}) SET n.type = 'Sensor', n.name = row.name, n.source = row.source;

UNWIND $metrics AS row MERGE (n:Metric {id: row.id}) SET n.unit = row.unit;

UNWIND $floors_of_buildings AS row
MATCH (parent:Building {id: row.parent_id}), (n:Floor {id: row.id}) MERGE (parent)-[:CONTAINS]->(n);

UNWIND $zones_of_floors AS row
MATCH (parent:Floor {id: row.parent_id}), (n:Zone {id: row.id}) MERGE (parent)-[:CONTAINS]->(n);

UNWIND $rooms_of_zones AS row
MATCH (parent:Zone {id: row.parent_id}), (n:Room {id: row.id}) MERGE (parent)-[:CONTAINS]->(n);

UNWIND $sensors_in_zones AS row
MATCH (sensor:Sensor {id: row.id}), (place:Zone {id: row.parent_id})
MERGE (sensor)-[r:`IN` {valid_from: row.valid_from, valid_to: row.valid_to}]->(place)
SET r.level = row.level, r.coordinates = row.coordinates;

UNWIND $sensors_in_rooms AS row
MATCH (sensor:Sensor {id: row.id}), (place:Room {id: row.parent_id})
MERGE (sensor)-[r:`IN` {valid_from: row.valid_from, valid_to: row.valid_to}]->(place)
SET r.level = row.level, r.coordinates = row.coordinates;

UNWIND $measured AS row
MATCH (sensor:Sensor {id: row.id}), (metric:Metric {id: row.metric}) MERGE (sensor)-[:MEASURES]->(metric);

UNWIND $adjacent AS row
MATCH (zone:Zone {id: row.zone_id}), (other:Zone {id: row.adjacent_zone_id})
MERGE (zone)-[r:ADJACENT_TO {relation: row.relation}]->(other) SET r.basis = row.basis
