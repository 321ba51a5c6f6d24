// What fails with a unit: what it feeds and what depends on it, at up to ten steps, and what lies in these places.
//
// $node  id of the unit, any node
MATCH (dependent:Node)-[:DEPENDS_ON*1..10]->(unit:Node {id: $node})
MATCH (dependent)-[:CONTAINS*0..3]->(affected:Node)
RETURN DISTINCT affected.id AS id, affected.type AS type
ORDER BY id
