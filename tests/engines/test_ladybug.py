"""Cypher as it is written for labels, in an engine whose nodes have one."""

import pytest

from include.engines.graph.ladybug import in_dialect


@pytest.mark.parametrize(
    ("written", "run"),
    [
        ("MATCH (z:Zone) RETURN z", "MATCH (z:Node {type: 'Zone'}) RETURN z"),
        ("MATCH (z:Zone { })", "MATCH (z:Node {type: 'Zone'})"),
        ("MATCH (:Room {id: $id})", "MATCH (:Node {type: 'Room', id: $id})"),
        (
            "MATCH ( z : Zone WHERE z.level = 2)",
            "MATCH ( z : Node {type: 'Zone'} WHERE z.level = 2)",
        ),
        ("MATCH (a)-[:IN*]->(b)", "MATCH (a)-[:`IN`*]->(b)"),
        ("MATCH (a)-[r:IN]->(:Floor)", "MATCH (a)-[r:`IN`]->(:Node {type: 'Floor'})"),
        ("MATCH (n:Node {type: 'Zone'}), (m:Metric)", "MATCH (n:Node {type: 'Zone'}), (m:Metric)"),
        ("MATCH (z:Zones), (s:Sensor2)", "MATCH (z:Zones), (s:Sensor2)"),
        ("RETURN '(z:Zone)', \"[:IN]\", `(z:Zone)`", "RETURN '(z:Zone)', \"[:IN]\", `(z:Zone)`"),
        (r"RETURN 'it\'s (z:Zone)' // (z:Zone)", r"RETURN 'it\'s (z:Zone)' // (z:Zone)"),
    ],
)
def test_labels_become_conditions_outside_of_what_is_quoted(written: str, run: str) -> None:
    assert in_dialect(written) == run
