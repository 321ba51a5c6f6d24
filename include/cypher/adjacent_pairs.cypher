// All pairs of zones that touch, from both ends; relation says where the other zone lies.
MATCH (zone:Zone)-[r:ADJACENT_TO]->(other:Zone)
RETURN zone.id AS zone_id, other.id AS adjacent_zone_id, r.relation AS relation, r.basis AS basis
ORDER BY zone_id, adjacent_zone_id
