// Loads a building's structure; loading it again changes nothing. All places and sensors are nodes of one label.
// Of two nodes in one MATCH Ladybug looks up one by its key and reads all others: so each has a MATCH of its own.
//
// $nodes   id, type, name, level, parent_id, coordinates, source
// $contained   parent_id, id: places in places, sensors where they are now
// $located     id, parent_id, level, coordinates and the period [valid_from, valid_to), ISO dates: what lies in what
// $metrics     id, unit
// $measured    id of a sensor, metric
// $adjacent    zone_id, adjacent_zone_id, relation, basis; each pair from both ends
// $feeds, $depends_on   from_id, to_id, basis
UNWIND $nodes AS row
MERGE (n:Node {id: row.id})
SET n.type = row.type, n.name = row.name, n.level = row.level, n.parent_id = row.parent_id, n.coordinates = row.coordinates, n.source = row.source;

UNWIND $metrics AS row MERGE (n:Metric {id: row.id}) SET n.unit = row.unit;

UNWIND $contained AS row
MATCH (parent:Node {id: row.parent_id}) WITH row, parent MATCH (n:Node {id: row.id}) MERGE (parent)-[:CONTAINS]->(n);

UNWIND $located AS row
MATCH (n:Node {id: row.id}) WITH row, n MATCH (place:Node {id: row.parent_id})
MERGE (n)-[r:IN {valid_from: row.valid_from, valid_to: row.valid_to}]->(place)
SET r.level = row.level, r.coordinates = row.coordinates;

UNWIND $measured AS row
MATCH (sensor:Sensor {id: row.id}) WITH row, sensor MATCH (metric:Metric {id: row.metric}) MERGE (sensor)-[:MEASURES]->(metric);

UNWIND $adjacent AS row
MATCH (zone:Zone {id: row.zone_id}) WITH row, zone MATCH (other:Zone {id: row.adjacent_zone_id})
MERGE (zone)-[r:ADJACENT_TO {relation: row.relation}]->(other) SET r.basis = row.basis;

UNWIND $feeds AS row
MATCH (one:Node {id: row.from_id}) WITH row, one MATCH (other:Node {id: row.to_id})
MERGE (one)-[r:FEEDS]->(other) SET r.basis = row.basis
MERGE (other)-[d:DEPENDS_ON]->(one) SET d.basis = row.basis;

UNWIND $depends_on AS row
MATCH (one:Node {id: row.from_id}) WITH row, one MATCH (other:Node {id: row.to_id})
MERGE (one)-[r:DEPENDS_ON]->(other) SET r.basis = row.basis
