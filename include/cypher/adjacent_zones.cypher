// The zones that touch a zone, and where they lie: `beside` it, `above` or `below`.
//
// $zone  id of a zone
MATCH (one:Zone {id: $zone})-[r:ADJACENT_TO]->(other:Zone)
RETURN other.id AS zone_id, r.relation AS relation, r.basis AS basis
ORDER BY zone_id
