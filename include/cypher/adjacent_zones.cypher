// The zones that touch a zone, and where they lie: `beside` it, `above` or `below`.
//
// $zone  id of a zone
MATCH (one:Zone)-[r:ADJACENT_TO]->(other:Zone)
WHERE one.id = $zone OR other.id = $zone
RETURN
    CASE WHEN one.id = $zone THEN other.id ELSE one.id END AS zone_id,
    CASE WHEN one.id = $zone AND r.relation = 'below' THEN 'above' ELSE r.relation END AS relation,
    r.basis AS basis
ORDER BY zone_id
