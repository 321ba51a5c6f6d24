// Loads a building's structure; loading it again changes nothing. A node has one label here: each is loaded as its type, and as Node.
//
// $buildings, $floors, $zones, $rooms, $sensors, and $nodes, which are all of them: id, type, name, level, parent_id, coordinates, source
// $contained   parent_id, id: places in places, sensors where they are now
// $located     id, parent_id, level, coordinates and the period [valid_from, valid_to), ISO dates: what lies in what
// $<children>_of_<parents>, $<children>_in_<parents>   the same, by the types of both
// $metrics     id, unit
// $measured    id of a sensor, metric
// $adjacent    zone_id, adjacent_zone_id, relation, basis; each pair from both ends
// $feeds, $depends_on   from_id, to_id, basis
UNWIND $nodes AS row MERGE (n:Node {id: row.id}) SET n.type = row.type, n.name = row.name, n.level = row.level, n.parent_id = row.parent_id, n.coordinates = row.coordinates;

UNWIND $buildings AS row MERGE (n:Building {id: row.id}) SET n.type = row.type, n.name = row.name, n.level = row.level, n.parent_id = row.parent_id, n.coordinates = row.coordinates;

UNWIND $floors AS row MERGE (n:Floor {id: row.id}) SET n.type = row.type, n.name = row.name, n.level = row.level, n.parent_id = row.parent_id, n.coordinates = row.coordinates;

UNWIND $zones AS row MERGE (n:Zone {id: row.id}) SET n.type = row.type, n.name = row.name, n.level = row.level, n.parent_id = row.parent_id, n.coordinates = row.coordinates;

UNWIND $rooms AS row MERGE (n:Room {id: row.id}) SET n.type = row.type, n.name = row.name, n.level = row.level, n.parent_id = row.parent_id, n.coordinates = row.coordinates;

UNWIND $sensors AS row MERGE (n:Sensor {id: row.id}) SET n.type = row.type, n.name = row.name, n.level = row.level, n.parent_id = row.parent_id, n.coordinates = row.coordinates, n.source = row.source;

UNWIND $metrics AS row MERGE (n:Metric {id: row.id}) SET n.unit = row.unit;

UNWIND $contained AS row
MATCH (parent:Node {id: row.parent_id}), (n:Node {id: row.id}) MERGE (parent)-[:CONTAINS]->(n);

UNWIND $located AS row
MATCH (n:Node {id: row.id}), (place:Node {id: row.parent_id})
MERGE (n)-[r:IN {valid_from: row.valid_from, valid_to: row.valid_to}]->(place)
SET r.level = row.level, r.coordinates = row.coordinates;

UNWIND $floors_of_buildings AS row
MATCH (parent:Building {id: row.parent_id}), (n:Floor {id: row.id}) MERGE (parent)-[:CONTAINS]->(n);

UNWIND $floors_in_buildings AS row
MATCH (n:Floor {id: row.id}), (place:Building {id: row.parent_id})
MERGE (n)-[r:IN {valid_from: row.valid_from, valid_to: row.valid_to}]->(place)
SET r.level = row.level, r.coordinates = row.coordinates;

UNWIND $zones_of_floors AS row
MATCH (parent:Floor {id: row.parent_id}), (n:Zone {id: row.id}) MERGE (parent)-[:CONTAINS]->(n);

UNWIND $zones_in_floors AS row
MATCH (n:Zone {id: row.id}), (place:Floor {id: row.parent_id})
MERGE (n)-[r:IN {valid_from: row.valid_from, valid_to: row.valid_to}]->(place)
SET r.level = row.level, r.coordinates = row.coordinates;

UNWIND $rooms_of_zones AS row
MATCH (parent:Zone {id: row.parent_id}), (n:Room {id: row.id}) MERGE (parent)-[:CONTAINS]->(n);

UNWIND $rooms_in_zones AS row
MATCH (n:Room {id: row.id}), (place:Zone {id: row.parent_id})
MERGE (n)-[r:IN {valid_from: row.valid_from, valid_to: row.valid_to}]->(place)
SET r.level = row.level, r.coordinates = row.coordinates;

UNWIND $sensors_of_zones AS row
MATCH (parent:Zone {id: row.parent_id}), (n:Sensor {id: row.id}) MERGE (parent)-[:CONTAINS]->(n);

UNWIND $sensors_in_zones AS row
MATCH (n:Sensor {id: row.id}), (place:Zone {id: row.parent_id})
MERGE (n)-[r:IN {valid_from: row.valid_from, valid_to: row.valid_to}]->(place)
SET r.level = row.level, r.coordinates = row.coordinates;

UNWIND $sensors_of_rooms AS row
MATCH (parent:Room {id: row.parent_id}), (n:Sensor {id: row.id}) MERGE (parent)-[:CONTAINS]->(n);

UNWIND $sensors_in_rooms AS row
MATCH (n:Sensor {id: row.id}), (place:Room {id: row.parent_id})
MERGE (n)-[r:IN {valid_from: row.valid_from, valid_to: row.valid_to}]->(place)
SET r.level = row.level, r.coordinates = row.coordinates;

UNWIND $measured AS row
MATCH (sensor:Sensor {id: row.id}), (metric:Metric {id: row.metric}) MERGE (sensor)-[:MEASURES]->(metric);

UNWIND $adjacent AS row
MATCH (zone:Zone {id: row.zone_id}), (other:Zone {id: row.adjacent_zone_id})
MERGE (zone)-[r:ADJACENT_TO {relation: row.relation}]->(other) SET r.basis = row.basis;

UNWIND $feeds AS row
MATCH (one:Node {id: row.from_id}), (other:Node {id: row.to_id})
MERGE (one)-[r:FEEDS]->(other) SET r.basis = row.basis
MERGE (other)-[d:DEPENDS_ON]->(one) SET d.basis = row.basis;

UNWIND $depends_on AS row
MATCH (one:Node {id: row.from_id}), (other:Node {id: row.to_id})
MERGE (one)-[r:DEPENDS_ON]->(other) SET r.basis = row.basis
