// The shortest way between the zones of two sensors through zones that touch: one row, or none if there
// is no way or both are in one zone. Of several equally short ways it is the first in the order of names.
//
// $from, $to  ids of sensors
MATCH (:Sensor {id: $from})-[:IN]->()<-[:CONTAINS*0..1]-(start:Zone), (:Sensor {id: $to})-[:IN]->()<-[:CONTAINS*0..1]-(goal:Zone)
WHERE start <> goal
MATCH way = allShortestPaths((start)-[:ADJACENT_TO*1..30]->(goal))
RETURN [zone IN nodes(way) | zone.id] AS zone_ids, length(way) AS steps
ORDER BY steps, zone_ids LIMIT 1
