// The shortest way between the zones of two sensors through zones that touch: one row, or none if there
// is no way or both are in one zone. Of several equally short ways it is the first in the order of names.
//
// $from, $to  ids of sensors
MATCH (a:Sensor {id: $from})-[:IN]->(here)<-[:CONTAINS*0..1]-(start:Zone), (b:Sensor {id: $to})-[:IN]->(there)<-[:CONTAINS*0..1]-(goal:Zone)
MATCH way = (start)-[:ADJACENT_TO* ALL SHORTEST 1..30]->(goal)
WITH properties(nodes(way), 'id') AS zone_ids, length(way) AS steps
RETURN zone_ids, steps
ORDER BY steps, list_to_string(' ', zone_ids) LIMIT 1
