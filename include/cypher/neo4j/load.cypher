// Loads a building's structure; loading it again changes nothing.
//
// $buildings, $floors, $zones, $apartments, $rooms, $sensors, and $nodes, which are all of them: id, type, name, level, parent_id, coordinates, source
// $contained   parent_id, id: places in places, sensors where they are now
// $located     id, parent_id, level, coordinates and the period [valid_from, valid_to), ISO dates: what lies in what
// $metrics     id, unit
// $measured    id of a sensor, metric
// $adjacent    zone_id, adjacent_zone_id, relation, basis; each pair from both ends
// $feeds, $depends_on   from_id, to_id, basis
UNWIND $nodes AS row MERGE (n:Node {id: row.id}) SET n.type = row.type, n.name = row.name, n.level = row.level, n.parent_id = row.parent_id, n.coordinates = row.coordinates;

UNWIND $buildings AS row MATCH (n:Node {id: row.id}) SET n:Building;

UNWIND $floors AS row MATCH (n:Node {id: row.id}) SET n:Floor;

UNWIND $zones AS row MATCH (n:Node {id: row.id}) SET n:Zone;

UNWIND $apartments AS row MATCH (n:Node {id: row.id}) SET n:Apartment;

UNWIND $rooms AS row MATCH (n:Node {id: row.id}) SET n:Room;

UNWIND $sensors AS row MATCH (n:Node {id: row.id}) SET n:Sensor, n.source = row.source;

UNWIND $metrics AS row MERGE (n:Metric {id: row.id}) SET n.unit = row.unit;

UNWIND $contained AS row
MATCH (parent:Node {id: row.parent_id}), (n:Node {id: row.id}) MERGE (parent)-[:CONTAINS]->(n);

UNWIND $located AS row
MATCH (n:Node {id: row.id}), (place:Node {id: row.parent_id})
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
